/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ctl.h - the simulator's control verbs: one table for the command line, for
 * the server and for the help text.
 *
 * A request is {"verb": "domain create", "name": "g1", ...}; an argument's key
 * is its name without dashes in front, in lower case, '-' turned into '_'.
 * Numbers may be JSON integers or text ("0x1000", "2M"). The answer is an
 * object. Of a long answer one part is sent, with "next": the same request
 * with "from" set to it goes on.
 */
#ifndef NVSIM_CTL_H
#define NVSIM_CTL_H

#include <json-c/json.h>

#include "base/refuse.h"
#include "guest.h"
#include "host.h"

enum arg_kind {
	ARG_TEXT,
	ARG_NUMBER, /* 0x1f or 31, or with a unit: 2M */
	ARG_UUID,
	ARG_HEX, /* bytes: "00ff12" */
	ARG_WORD, /* one of words, which are separated by | */
	ARG_FLAG, /* no value */
};

struct arg {
	const char *name; /* "--size", or "DOM" which stands in its place */
	enum arg_kind kind;
	bool required;
	const char *words;
	const char *help;
};

#define ARGS_MAX 16 /* of one verb */

/* What a handler works with. */
struct ctl {
	struct host *host;
	/* Set by a handler: the simulator is to end, or to start anew. */
	bool stop, reboot;
};

struct ctl_call {
	struct ctl *ctl;
	struct host *host;
	const struct verb *verb;
	struct json_object *req; /* checked against the verb's arguments */
	struct json_object *out; /* to be filled */
	struct nv_why *why;
};

struct verb {
	const char *name;
	const char *help;
	int (*run)(struct ctl_call *c); /* 0, or -errno with a sentence */
	const struct arg *args; /* ends with one without a name */
};

extern const struct verb verbs[]; /* ends with one without a name */

/** verb_find() - by its whole name. Return: NULL if there is none. */
const struct verb *verb_find(const char *name);

/** arg_key() - the key in the request. Return: @buf, at least 32 bytes. */
const char *arg_key(const struct arg *a, char *buf);

/**
 * ctl_run() - one request
 * Return: 0 or -errno; and always *@ret, the answer, to be put by the caller;
 * with an error it is {"error": sentence}. -ENOMEM: *@ret is NULL.
 */
int ctl_run(struct ctl *ctl, const char *text, size_t len,
	    struct json_object **ret);

/* For handlers: arguments that were checked already. A flag is had if it is true. */
bool ctl_has(const struct ctl_call *c, const char *key);
const char *ctl_text(const struct ctl_call *c, const char *key);
uint64_t ctl_number(const struct ctl_call *c, const char *key, uint64_t otherwise);
/** ctl_bytes() - an ARG_HEX. Return: 0 and *@ret to be freed, or -ENOMEM. */
int ctl_bytes(const struct ctl_call *c, const char *key, uint8_t **ret, size_t *ret_len);
/** ctl_domain() - the domain that argument "dom" names. Return: NULL, with a sentence, if there is none. */
struct domain *ctl_domain(struct ctl_call *c);
/** ctl_refuse() - Return: -@error, with a sentence. */
int ctl_refuse(struct ctl_call *c, int error, const char *fmt, ...) nv_printf(3, 4);

/* For handlers: the answer. */
void ctl_out_text(struct json_object *o, const char *key, const char *value);
void ctl_out_number(struct json_object *o, const char *key, uint64_t value);
void ctl_out_hex(struct json_object *o, const char *key, uint64_t value);
void ctl_out_flag(struct json_object *o, const char *key, bool value);
void ctl_out_bytes(struct json_object *o, const char *key, const uint8_t *b, size_t len);

/* The handlers, by file. */
int ctl_domain_create(struct ctl_call *c);
int ctl_domain_list(struct ctl_call *c);
int ctl_domain_show(struct ctl_call *c);
int ctl_domain_pause(struct ctl_call *c);
int ctl_domain_unpause(struct ctl_call *c);
int ctl_domain_shutdown(struct ctl_call *c);
int ctl_domain_reboot(struct ctl_call *c);
int ctl_domain_destroy(struct ctl_call *c);
int ctl_domain_release(struct ctl_call *c);
int ctl_domain_rename(struct ctl_call *c);
int ctl_domain_occupy(struct ctl_call *c);
int ctl_domain_log_dirty(struct ctl_call *c);
int ctl_p2m(struct ctl_call *c);

int ctl_guest_read(struct ctl_call *c);
int ctl_guest_write(struct ctl_call *c);
int ctl_guest_fill(struct ctl_call *c);
int ctl_guest_check(struct ctl_call *c);
int ctl_host_read(struct ctl_call *c);
int ctl_host_write(struct ctl_call *c);
int ctl_host_fill(struct ctl_call *c);
int ctl_host_check(struct ctl_call *c);

int ctl_mce(struct ctl_call *c);
int ctl_guest_mce(struct ctl_call *c);
int ctl_guest_mce_clear(struct ctl_call *c);
int ctl_poison_set(struct ctl_call *c);
int ctl_poison_clear(struct ctl_call *c);

int ctl_stat(struct ctl_call *c);
int ctl_check(struct ctl_call *c);
int ctl_fault_add(struct ctl_call *c);
int ctl_fault_list(struct ctl_call *c);
int ctl_fault_clear(struct ctl_call *c);
int ctl_clock_show(struct ctl_call *c);
int ctl_clock_stop(struct ctl_call *c);
int ctl_clock_start(struct ctl_call *c);
int ctl_clock_advance(struct ctl_call *c);
int ctl_host_reboot(struct ctl_call *c);
int ctl_stop(struct ctl_call *c);

#endif
