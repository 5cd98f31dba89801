/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * codec/fields.h - a struct's fields as a table, to and from JSON.
 *
 * One table per struct drives both directions and is compared with the
 * interface description by a test, so a field is named in one place.
 */
#ifndef NV_CODEC_FIELDS_H
#define NV_CODEC_FIELDS_H

#include "base/macros.h"
#include "base/refuse.h"

struct json_object;

enum field_kind {
	FIELD_TEXT,	 /* char[size]: a string */
	FIELD_SIZE,	 /* uint64_t: an integer from 0 to 2^63-1 */
	FIELD_U32,	 /* uint32_t: an integer */
	FIELD_INT,	 /* int: an integer */
	FIELD_BOOL,	 /* bool */
	FIELD_HEX,	 /* uint64_t: a string, "0x1f" */
	FIELD_WORD,	 /* an enum from 0: one of words */
	FIELD_FLAGS,	 /* bool[count]: an array of the words that are set */
	FIELD_STRUCT,	 /* a struct by value: an object */
	FIELD_LIST,	 /* pointer and count: an array of objects */
	FIELD_HEX_LIST,	 /* uint64_t pointer and count: an array of strings */
	FIELD_TEXT_LIST, /* char[size] pointer and count: an array of strings */
	FIELD_BYTES,	 /* uint8_t pointer and count: a string in base64 */
};

/* When a field is there, and so written; a test reads the IDL's "?" from it. */
enum field_presence {
	FIELD_ALWAYS,
	FIELD_IF_SET,	/* a value that is not 0, empty or false */
	FIELD_IF_HAS,	/* the bool at has; reading the field sets it */
	FIELD_IF_TEXT,	/* the text at has is not empty */
};

struct field {
	const char *name;
	enum field_kind kind;
	enum field_presence presence;
	size_t at, has;		/* offsets */
	size_t size;		/* of a text */
	size_t count_at;	/* offset of a list's size_t count */
	const char *const *words;
	size_t n_words;
	const struct fields *table;
};

struct fields {
	const char *type;	/* the IDL's name for it */
	size_t size;		/* of the struct */
	const struct field *field;
	size_t n;
};

/* Offset, and size for texts, of member @m of struct @s. */
#define FIELD_AT(s, m) .at = offsetof(struct s, m)
#define FIELD_OF(s, m) \
	.at = offsetof(struct s, m), .size = sizeof(((struct s *)0)->m)

enum fields_mode {
	FIELDS_REQUEST,	/* unknown fields and control characters are refused */
	FIELDS_REPLY,	/* unknown fields are a newer daemon's: passed over */
};

/**
 * fields_print() - @s as a JSON object
 * Text that is not UTF-8 is repaired; numbers above 2^63-1 become 2^63-1.
 * Return: 0 and *@ret, to be released with json_object_put(); -ENOMEM.
 */
int fields_print(const struct fields *t, const void *s,
		 struct json_object **ret) nv_must_check;

/**
 * fields_parse() - fill the zeroed struct @ret from an object
 * @o: NULL is an object without fields. A null field is an absent one.
 * Arrays are from malloc(); after any failure @ret is to be released as after
 * success.
 * Return: 0; NV_E_BAD_REQUEST; -ENOMEM.
 */
int fields_parse(const struct fields *t, struct json_object *o,
		 enum fields_mode mode, struct nv_why *why,
		 void *ret) nv_must_check;

/** fields_release() - free every array of @s, leave zeroes */
void fields_release(const struct fields *t, void *s);

#endif
