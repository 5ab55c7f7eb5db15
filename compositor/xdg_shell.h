/* SPDX-License-Identifier: MIT */
#ifndef XDG_SHELL_H
#define XDG_SHELL_H

/* xdg-shell: the protocol by which clients have windows and popups. */

struct server;
struct xdg_shell;

struct xdg_shell *xdg_shell_create(struct server *server);
void xdg_shell_destroy(struct xdg_shell *shell);

#endif
