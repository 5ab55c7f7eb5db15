/* SPDX-License-Identifier: MIT */
#ifndef CLIENTS_MEDIA_VALUE_H
#define CLIENTS_MEDIA_VALUE_H

#include <stdbool.h>
#include <stdint.h>

/*
 * What the values of control lines are made of. Each takes from *at, which moves behind what was taken.
 * A stranger says them: what does not fit is refused by false, and then nothing is set.
 */

#define VALUE_WORD 32 // of a word, with its 0

/* Decimal digits only. */
bool value_take_number(const char **at, uint64_t max, uint64_t *number);
/* The word behind name, as "by=": letters, digits, - and _ only, as a person is shown it. */
bool value_take_word(const char **at, const char *name, char word[static VALUE_WORD]);

#endif
