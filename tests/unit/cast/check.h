/* SPDX-License-Identifier: MIT */
#ifndef TESTS_UNIT_CAST_CHECK_H
#define TESTS_UNIT_CAST_CHECK_H

/* cmocka wants these before its own header. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define MS INT64_C(1000000)

#endif
