/* SPDX-License-Identifier: MIT */
#ifndef BASE_HELPER_H
#define BASE_HELPER_H

/*
 * Where our other programs and files lie, found from where this one lies, so that an installation
 * may be moved and a staged one runs as it is: PREFIX/bin/boxland has its helpers in
 * PREFIX/libexec/boxland and its data in PREFIX/share/boxland. malloc'd; NULL and errno.
 */
char *helper_path(const char *program);
char *data_path(const char *file);

#endif
