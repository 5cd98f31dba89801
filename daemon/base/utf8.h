/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * base/utf8.h - text from outside, one character at a time (RFC 3629).
 */
#ifndef NV_BASE_UTF8_H
#define NV_BASE_UTF8_H

#include "base/macros.h"

/**
 * utf8_next() - the character at the beginning of @len bytes of text
 * Overlong forms, surrogates and anything above U+10FFFF are no characters.
 * Return: its length in bytes, and the character in *@ret; 0 if there is none.
 */
size_t utf8_next(const char *text, size_t len, uint32_t *ret);

/** utf8_valid() - is all of it characters? */
bool utf8_valid(const char *text, size_t len);

/** utf8_is_control() - C0, DEL, C1, or a character that reorders or breaks lines */
bool utf8_is_control(uint32_t c);

/**
 * utf8_repair() - copy @text, each byte that is no character as U+FFFD
 * @to: of @size bytes; cut at a character's edge, always terminated.
 */
void utf8_repair(const char *text, char *to, size_t size);

#endif
