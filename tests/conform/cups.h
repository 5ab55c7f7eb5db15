/* SPDX-License-Identifier: MIT */
#ifndef TESTS_CONFORM_CUPS_H
#define TESTS_CONFORM_CUPS_H

/*
 * A real cupsd, of this program's own: it is begun at the first use, and ended with the program. Its
 * printer office takes PDF and JPEG and prints to nowhere; closed takes no jobs.
 */
void cups_begin(void);
/* Runs a command of the shell in its world; it must exit with 0. */
void cups_run(const char *command);
/* How many jobs there have been. */
int cups_jobs(void);

#endif
