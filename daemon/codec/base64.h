/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * codec/base64.h - bytes as text (RFC 4648, 4), with padding, one way only.
 */
#ifndef NV_CODEC_BASE64_H
#define NV_CODEC_BASE64_H

#include "base/macros.h"

/* Text for so many bytes, its NUL included; bytes for so much text, at most. */
#define BASE64_TEXT(bytes) (((bytes) + 2) / 3 * 4 + 1)
#define BASE64_BYTES(text) ((text) / 4 * 3)

/** base64_print() - @to has BASE64_TEXT(@n) bytes */
void base64_print(const uint8_t *bytes, size_t n, char *to);

/**
 * base64_parse() - @to has BASE64_BYTES(@len) bytes
 * Return: 0 and their number in *@ret; -EINVAL for anything that
 * base64_print() does not write.
 */
int base64_parse(const char *text, size_t len, uint8_t *to,
		 size_t *ret) nv_must_check;

#endif
