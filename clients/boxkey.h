/* SPDX-License-Identifier: MIT */
#ifndef CLIENTS_BOXKEY_H
#define CLIENTS_BOXKEY_H

/*
 * The program boxkey, which alone opens the person's key, as init and pair use it. argv is
 * NULL-terminated, argv[0] set here. Its stdout comes as text, malloc'd; NULL: it failed and has said
 * why.
 */
char *run_boxkey(const char *const *args);
/* Where keys lie: $XDG_DATA_HOME/boxland, as boxd has it. malloc'd; NULL: said why. */
char *keys_dir(void);

#endif
