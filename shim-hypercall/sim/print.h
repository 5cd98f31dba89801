/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * print.h - an answer for people: lists as tables, the rest as lines.
 */
#ifndef NVSIM_PRINT_H
#define NVSIM_PRINT_H

#include <json-c/json.h>
#include <stdio.h>

void print_answer(FILE *f, struct json_object *answer);

#endif
