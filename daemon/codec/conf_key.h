/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * codec/conf_key.h - one configuration key, and setting it from text.
 */
#ifndef NV_CODEC_CONF_KEY_H
#define NV_CODEC_CONF_KEY_H

#include "base/refuse.h"
#include "core/settings.h"

enum conf_type {
	CONF_TEXT,     /* char[len] */
	CONF_PATH,     /* char[len], absolute or empty */
	CONF_BYTES,    /* uint64_t, a power of two between min and max */
	CONF_NUMBER,   /* uint32_t */
	CONF_COUNT,    /* uint64_t */
	CONF_MS,       /* uint32_t milliseconds, written "10s" or "500ms" */
	CONF_SECONDS,  /* uint32_t seconds, written "24h", "10m" or "30s" */
	CONF_DECISION, /* enum settings_decision */
	CONF_RATE,     /* struct settings_rate, written "10 / 24h" */
};

struct conf_key {
	const char *name;
	enum conf_type type;
	size_t offset;
	size_t len;
	uint64_t min, max;
	const char *def;
	bool restart; /* a reload does not change it */
	const char *help;
};

/**
 * conf_key_set() - the value of @k in @s, from the text of it
 * Return: 0; NV_E_BAD_CONFIG with a sentence that says what would be right.
 */
int conf_key_set(const struct conf_key *k, struct settings *s, const char *value, struct nv_why *why);

#endif
