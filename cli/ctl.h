/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * cli/ctl.h - nvctl's context, its verbs, and how they print.
 *
 * Everything returns what becomes the exit status: 0; NV_E_*; CTL_USAGE;
 * -errno, which is status 1.
 */
#ifndef NV_CLI_CTL_H
#define NV_CLI_CTL_H

#include "base/refuse.h"
#include "cli/conn.h"
#include "cli/term.h"
#include "codec/wire.h"

/* Wrong usage of the command line. */
#define CTL_USAGE 2

#define CTL_ARGS    3
#define CTL_OPTIONS 8

struct ctl;

/* What a word on the command line stands for; completion asks for them. */
enum word_kind {
	WORD_ANY,
	WORD_POOL,
	WORD_VOLUME,
	WORD_DEVICE,
	WORD_DOMAIN,
	WORD_GUEST,
	WORD_FILE,
	WORD_VERB,
};

struct verb_arg {
	const char *name; /* in capitals, as the synopsis shows it */
	enum word_kind kind;
};

struct verb_option {
	const char *name; /* without the dashes */
	char letter;	  /* or 0 */
	const char *value; /* in capitals; NULL: it takes none */
	enum word_kind kind;
	const char *help;
	bool in_form; /* a form of the verb names it */
};

struct verb {
	const char *name;    /* "volume create" */
	const char *summary; /* one line, for the list of verbs */
	const char *help;    /* what else there is to know */
	/* Up to three ways to call it; an empty one takes no arguments. */
	const char *forms[3];
	struct verb_arg args[CTL_ARGS];
	unsigned int min_args;
	const struct verb_option *options;
	unsigned int n_options;
	/* Without a method nothing is called. */
	enum wire_method_id method;
	/* Fills the request from the words; NULL: it has no parameters. */
	int (*ask)(struct ctl *x, union wire_request *rq);
	/* Prints the (last) reply for people. */
	void (*show)(struct ctl *x, FILE *f, const void *reply);
	/* For what is more than one call with one answer; NULL: verb_call(). */
	int (*run)(struct ctl *x);
};

/** verbs() - all of them, in the order of the help. *ret_n: how many. */
const struct verb *verbs(size_t *ret_n);

/** verb_find() - by the first words. *ret_words: how many of them are its name. Return: it, or NULL. */
const struct verb *verb_find(char *const *words, int n, int *ret_words);

/* How results leave. */
struct output {
	/* The reply of @x's verb, by its table. */
	void (*result)(struct ctl *x, const struct fields *t, const void *reply);
	/* @r: NV_E_*, CTL_USAGE or -errno. */
	void (*refusal)(struct ctl *x, int r);
	void (*progress)(struct ctl *x, const struct view_progress *p);
};

extern const struct output output_text, output_json;

struct ctl {
	const struct output *output;
	FILE *out, *err;
	struct term term;     /* of out */
	struct term err_term; /* of err */
	bool progress_shown;

	const char *socket;
	struct conn *conn;

	const struct verb *verb;
	const char *arg[CTL_ARGS];
	unsigned int n_args;
	const char *option[CTL_OPTIONS]; /* as in verb->options; "" for flags */
	bool yes, json, want_help, want_version;

	/* The sentence and the advice of a refusal. */
	struct nv_why why;
	char hint[VARLINK_HINT];
};

/** ctl_option() - the value of option @name of the verb; "" for a flag; NULL if it was not given */
const char *ctl_option(const struct ctl *x, const char *name);

/** ctl_usage() - Return: CTL_USAGE, with the sentence */
int ctl_usage(struct ctl *x, const char *fmt, ...) nv_printf(2, 3);

/** ctl_size(), ctl_address() - a size or offset, an address, from @text for @what */
int ctl_size(struct ctl *x, const char *what, const char *text, uint64_t *ret);

/** ctl_connect() - once; later calls do nothing */
int ctl_connect(struct ctl *x);

/** ctl_call() - call the verb's method; the replies come from ctl_reply() */
int ctl_call(struct ctl *x, const union wire_request *rq, bool more);

/**
 * ctl_reply() - the next reply, into the zeroed struct @ret
 * Release it by the reply's table whatever was returned.
 */
int ctl_reply(struct ctl *x, void *ret, bool *ret_continues);

/** verb_call() - the usual: ask, call, show progress, print the last reply */
int verb_call(struct ctl *x);

/** args_parse() - the command line into @x. Return: 0 or CTL_USAGE. */
int args_parse(struct ctl *x, int argc, char **argv);

/** help_all(), help_verb() - to @f */
void help_all(FILE *f);
void help_verb(FILE *f, const struct verb *v);

/** help_synopsis() - a line for each form: "nvctl volume create NAME SIZE [--pool POOL]" */
void help_synopsis(FILE *f, const struct verb *v);

/** help_globals() - the options of every verb. *ret_n: how many. */
const struct verb_option *help_globals(size_t *ret_n);

#endif
