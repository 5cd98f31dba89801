/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * codec/conf.h - the configuration file: every key, its unit and its default.
 *
 * The file is libconfuse's: "key = value" lines, "#" comments. One table
 * holds the keys; the file that is installed, the manual page's list and the
 * defaults all come from it.
 */
#ifndef NV_CODEC_CONF_H
#define NV_CODEC_CONF_H

#include "base/refuse.h"
#include "core/settings.h"

/* No sane file is longer. */
#define CONF_MAX_BYTES 65536

/** conf_defaults() - every setting at its default */
void conf_defaults(struct settings *ret);

/**
 * conf_parse() - read the @len bytes of a configuration file
 * @name: of the file, for the sentence
 * Keys that are absent have their defaults.
 * Return: 0 and *@ret; NV_E_BAD_CONFIG with "FILE:LINE: what is wrong"; -ENOMEM.
 */
int conf_parse(const char *name, const char *text, size_t len, struct settings *ret, struct nv_why *why);

/**
 * conf_set() - one key from somewhere else: the command line
 * Return: 0; NV_E_BAD_CONFIG with a sentence.
 */
int conf_set(struct settings *s, const char *key, const char *value, struct nv_why *why);

/**
 * conf_example() - the text of a configuration file with every key in a comment
 * Return: the text, to be freed by the caller; NULL without memory.
 */
char *conf_example(void);

/** conf_restart_key() - a key in which the two differ and that only a restart changes, or NULL */
const char *conf_restart_key(const struct settings *a, const struct settings *b);

#endif
