/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * cli/args.c - words on the command line against the verb's table.
 */
#include <stdio.h>
#include <string.h>

#include "cli/ctl.h"

/* Options that every verb has. They may stand anywhere. */
static bool global_flag(struct ctl *x, const char *word)
{
	static const struct {
		const char *name, *letter;
		size_t at;
	} flags[] = {
		{ "--help", "-h", offsetof(struct ctl, want_help) },
		{ "--version", "-V", offsetof(struct ctl, want_version) },
		{ "--json", "-j", offsetof(struct ctl, json) },
		{ "--yes", "-y", offsetof(struct ctl, yes) },
	};
	size_t i;

	for (i = 0; i < NV_ARRAY_SIZE(flags); i++) {
		if (strcmp(word, flags[i].name) && strcmp(word, flags[i].letter))
			continue;
		*(bool *)((char *)x + flags[i].at) = true;
		return true;
	}
	return false;
}

/* "--name=value" or "--name value": the value, or NULL if it is another option. */
static int take_value(struct ctl *x, const char *name, char letter, char **argv,
		      int argc, int *i, const char **ret)
{
	const char *word = argv[*i];
	size_t len = strlen(name);
	const char letters[] = { '-', letter, '\0' };

	*ret = NULL;
	if (!strncmp(word, "--", 2) && !strncmp(word + 2, name, len) &&
	    word[2 + len] == '=') {
		*ret = word + 3 + len;
		return 0;
	}
	if ((strncmp(word, "--", 2) || strcmp(word + 2, name)) &&
	    (!letter || strcmp(word, letters)))
		return 0;
	if (*i + 1 >= argc)
		return ctl_usage(x, "the option %s needs a value", word);
	*ret = argv[++*i];
	return 0;
}

static bool is_flag(const struct verb_option *o, const char *word)
{
	const char letters[] = { '-', o->letter, '\0' };

	if (o->value)
		return false;
	return (!strncmp(word, "--", 2) && !strcmp(word + 2, o->name)) ||
	       (o->letter && !strcmp(word, letters));
}

/* Return: 0; CTL_USAGE; *ret tells whether the word was an option. */
static int take_option(struct ctl *x, int argc, char **argv, int *i, bool *ret)
{
	const struct verb_option *o = x->verb ? x->verb->options : NULL;
	unsigned int k, n = x->verb ? x->verb->n_options : 0;
	const char *value = NULL;
	int r;

	*ret = true;
	if (global_flag(x, argv[*i]))
		return 0;
	r = take_value(x, "socket", 's', argv, argc, i, &value);
	if (r || value) {
		x->socket = value ? value : x->socket;
		return r;
	}
	for (k = 0; k < n; k++) {
		if (is_flag(&o[k], argv[*i])) {
			x->option[k] = "";
			return 0;
		}
		if (!o[k].value)
			continue;
		r = take_value(x, o[k].name, o[k].letter, argv, argc, i,
			       &value);
		if (r || value) {
			x->option[k] = value ? value : x->option[k];
			return r;
		}
	}
	*ret = false;
	return 0;
}

/* The verb, after options that every verb has. */
static int find_verb(struct ctl *x, int argc, char **argv, int *ret_first)
{
	int i, n = 0, used = 0;
	bool option;
	int r;

	/* what stands before the verb can only be an option of all verbs */
	for (i = 1; i < argc && argv[i][0] == '-'; i++) {
		r = take_option(x, argc, argv, &i, &option);
		if (r)
			return r;
		if (!option)
			return ctl_usage(x, "there is no option %.64s", argv[i]);
	}
	*ret_first = i;
	if (i == argc)
		return 0;
	for (n = 0; i + n < argc && argv[i + n][0] != '-';)
		n++;
	x->verb = verb_find(argv + i, n, &used);
	*ret_first = i + used;
	if (!x->verb)
		return ctl_usage(x, "there is no verb '%.64s%s%.64s'", argv[i],
				 n > 1 ? " " : "", n > 1 ? argv[i + 1] : "");
	return 0;
}

/* Known first, so that also a refusal of the words comes in JSON. */
static bool wants_json(int argc, char **argv)
{
	int i;

	for (i = 1; i < argc && strcmp(argv[i], "--"); i++)
		if (!strcmp(argv[i], "--json") || !strcmp(argv[i], "-j"))
			return true;
	return false;
}

int args_parse(struct ctl *x, int argc, char **argv)
{
	bool options = true, option;
	int i, r;

	x->json = wants_json(argc, argv);
	r = find_verb(x, argc, argv, &i);
	if (r)
		return r;
	for (; i < argc; i++) {
		if (options && !strcmp(argv[i], "--")) {
			options = false;
			continue;
		}
		if (options && argv[i][0] == '-' && argv[i][1]) {
			r = take_option(x, argc, argv, &i, &option);
			if (r)
				return r;
			if (!option)
				return ctl_usage(x, "'nvctl %s' has no option %.64s",
						 x->verb->name, argv[i]);
			continue;
		}
		if (x->n_args == CTL_ARGS || !x->verb->args[x->n_args].name)
			return ctl_usage(x, "there is a word too many: '%.64s'",
					 argv[i]);
		x->arg[x->n_args++] = argv[i];
	}
	if (x->verb && !x->want_help && x->n_args < x->verb->min_args)
		return ctl_usage(x, "%s is missing",
				 x->verb->args[x->n_args].name);
	return 0;
}
