/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * tests/lib/cm.h - cmocka with the headers that it wants before it.
 */
#ifndef NV_TESTS_CM_H
#define NV_TESTS_CM_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#endif
