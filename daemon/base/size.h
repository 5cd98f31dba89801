/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * base/size.h - sizes and addresses as people write and read them.
 *
 * Units: bytes. K, M, G, T, P and KiB, MiB, ... are powers of 1024; KB, MB,
 * ... powers of 1000, as ndctl prints them.
 */
#ifndef NV_BASE_SIZE_H
#define NV_BASE_SIZE_H

#include "base/macros.h"

#define NV_SIZE_TEXT 48

/**
 * nv_size_parse() - "2G", "1.5 GiB", "0x200000", "4096"
 * A fraction is accepted if the result is a whole number of bytes.
 * Return: 0 and *@ret; -EINVAL (not a size), -ERANGE (over 64 bits).
 */
int nv_size_parse(const char *text, uint64_t *ret) nv_must_check;

/**
 * nv_size_print() - "4.00 GiB"; exact multiples below 1024 stay short: "2 MiB"
 * Return: @buf, of at least NV_SIZE_TEXT bytes.
 */
const char *nv_size_print(uint64_t bytes, char *buf);

/**
 * nv_size_print_exact() - the largest unit in which @bytes is a whole number: "513 MiB"
 * What it prints, nv_size_parse() reads back to the same value.
 * Return: @buf, of at least NV_SIZE_TEXT bytes.
 */
const char *nv_size_print_exact(uint64_t bytes, char *buf);

#endif
