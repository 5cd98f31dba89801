/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * print.c - the one way in which all verbs' answers are shown.
 */
#include "print.h"

#include <string.h>

#include "base/macros.h"
#include "base/size.h"

#define CELL	96
#define COLUMNS 16

/* Keys whose numbers are addresses, or sizes in bytes. */
static const char *const addresses[] = { "gpa", "spa", "at", "wrong_at" };
static const char *const sizes[] = { "size", "memory", "bytes", "holes",
				     "core_bytes" };

static bool is_one_of(const char *key, const char *const *list, size_t nr)
{
	size_t i;

	for (i = 0; i < nr; i++)
		if (!strcmp(key, list[i]))
			return true;
	return false;
}

/* Bytes as a person looks for them: sixteen to a line, with their letters. */
static void print_dump(FILE *f, const char *hex)
{
	size_t len = strlen(hex) / 2, at, i;
	unsigned int byte;
	char text[17];

	for (at = 0; at < len; at += 16) {
		fprintf(f, "%08zx ", at);
		for (i = 0; i < 16; i++) {
			if (at + i >= len) {
				fprintf(f, "   ");
				text[i] = ' ';
				continue;
			}
			byte = 0;
			sscanf(hex + 2 * (at + i), "%2x", &byte);
			fprintf(f, " %02x", byte);
			text[i] = byte >= 32 && byte < 127 ? (char)byte : '.';
		}
		text[16] = 0;
		fprintf(f, "  %s\n", text);
	}
}

static const char *cell(const char *key, struct json_object *v, char *buf)
{
	char size[NV_SIZE_TEXT];
	long long n;

	if (json_object_is_type(v, json_type_boolean))
		return json_object_get_boolean(v) ? "yes" : "no";
	if (!json_object_is_type(v, json_type_int)) {
		snprintf(buf, CELL, "%s", json_object_get_string(v));
		return *buf ? buf : "-";
	}
	n = (long long)json_object_get_int64(v);
	if (is_one_of(key, addresses, NV_ARRAY_SIZE(addresses)))
		snprintf(buf, CELL, "0x%llx", n);
	else if (is_one_of(key, sizes, NV_ARRAY_SIZE(sizes)))
		snprintf(buf, CELL, "%s",
			 nv_size_print_exact((uint64_t)n, size));
	else
		snprintf(buf, CELL, "%lld", n);
	return buf;
}

/* The first row's keys are the columns; all rows of a verb have the same. */
static void print_table(FILE *f, const char *name, struct json_object *rows)
{
	size_t nr = json_object_array_length(rows), i, c, n;
	int width[COLUMNS] = { 0 };
	struct json_object *row;
	char buf[CELL];

	if (!nr) {
		fprintf(f, "no %s\n", name);
		return;
	}
	for (i = 0; i < nr; i++) {
		row = json_object_array_get_idx(rows, i);
		c = 0;
		json_object_object_foreach(row, key, v) {
			if (c == COLUMNS)
				break;
			n = NV_MAX(strlen(key), strlen(cell(key, v, buf)));
			width[c] = NV_MAX(width[c], (int)n);
			c++;
		}
	}
	c = 0;
	row = json_object_array_get_idx(rows, 0);
	json_object_object_foreach(row, head, unused) {
		(void)unused;
		if (c < COLUMNS)
			fprintf(f, "%s%-*s", c ? "  " : "", width[c], head);
		c++;
	}
	fprintf(f, "\n");
	for (i = 0; i < nr; i++) {
		c = 0;
		json_object_object_foreach(json_object_array_get_idx(rows, i),
					   key, v) {
			if (c < COLUMNS)
				fprintf(f, "%s%-*s", c ? "  " : "", width[c],
					cell(key, v, buf));
			c++;
		}
		fprintf(f, "\n");
	}
}

static void print_lines(FILE *f, const char *prefix, struct json_object *o)
{
	char buf[CELL];

	json_object_object_foreach(o, key, v) {
		if (json_object_is_type(v, json_type_array))
			print_table(f, key, v);
		else if (json_object_is_type(v, json_type_object))
			print_lines(f, key, v);
		else if (!strcmp(key, "data"))
			print_dump(f, json_object_get_string(v));
		else
			fprintf(f, "%s%s%-*s %s\n", prefix, *prefix ? "." : "",
				*prefix ? 12 : 16, key, cell(key, v, buf));
	}
}

void print_answer(FILE *f, struct json_object *answer)
{
	print_lines(f, "", answer);
}
