/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ctl_guest.c - the verbs that load and store: as a guest, or as the host.
 */
#include "ctl.h"

#include <stdio.h>
#include <string.h>

#define READ_MAX (1u << 20) /* bytes that one read answers */
#define PART	 (4u << 20) /* bytes that one fill or check does at a time */
#define CHUNK	 65536u

/* Who accesses: a domain, or the host itself if NULL. */
struct accessor {
	struct host *host;
	struct domain *d;
};

static struct guest_access host_access(struct host *h, uint64_t spa,
				       void *buf, uint64_t len, bool write)
{
	struct guest_access a = { .at = spa };

	a.error = write ? pmem_write(h->pmem, spa, buf, len) :
			  pmem_read(h->pmem, spa, buf, len);
	if (a.error) {
		a.end = GUEST_FAILED;
		return a;
	}
	a.done = len;
	a.at = spa + len;
	return a;
}

static struct guest_access do_access(const struct accessor *who, uint64_t at,
				     void *buf, uint64_t len, bool write)
{
	if (!who->d)
		return host_access(who->host, at, buf, len, write);
	return write ? guest_write(who->d, at, buf, len) :
		       guest_read(who->d, at, buf, len);
}

/* Fills in the answer that all of these verbs share. */
static int access_out(struct ctl_call *c, const struct accessor *who,
		      const struct guest_access *a)
{
	if (a->end == GUEST_FAILED && a->error == -ENXIO)
		return ctl_refuse(c, ENXIO, "%#llx is not persistent memory, "
				  "or the length goes over its region's end",
				  (unsigned long long)a->at);
	if (a->end == GUEST_FAILED && a->error == -EIO)
		return ctl_refuse(c, EIO, "there is poison at or after %#llx",
				  (unsigned long long)a->at);
	if (a->end == GUEST_FAILED)
		return ctl_refuse(c, -a->error, "access at %#llx failed: %s",
				  (unsigned long long)a->at,
				  strerror(-a->error));
	ctl_out_text(c->out, "end", guest_end_name(a->end));
	ctl_out_number(c->out, "bytes", a->done);
	if (who->d)
		ctl_out_number(c->out, "holes", a->holes);
	if (a->end != GUEST_OK)
		ctl_out_number(c->out, "at", a->at);
	return 0;
}

static int range_check(struct ctl_call *c, uint64_t at, uint64_t len,
		       uint64_t max)
{
	if (!len || at + len < at || len > max)
		return ctl_refuse(c, EINVAL,
				  "the length must be 1 to %llu bytes and end "
				  "within the address space",
				  (unsigned long long)max);
	return 0;
}

static int verb_read(struct ctl_call *c, const struct accessor *who,
		     const char *where)
{
	uint64_t at = ctl_number(c, where, 0), len = ctl_number(c, "len", 64);
	nv_cleanup(nv_freep) uint8_t *buf = NULL;
	struct guest_access a;
	int r;

	r = range_check(c, at, len, READ_MAX);
	if (r)
		return r;
	buf = malloc(len);
	if (!buf)
		return -ENOMEM;
	a = do_access(who, at, buf, len, false);
	r = access_out(c, who, &a);
	if (!r)
		ctl_out_bytes(c->out, "data", buf, a.done);
	return r;
}

static int verb_write(struct ctl_call *c, const struct accessor *who,
		      const char *where)
{
	nv_cleanup(nv_freep) uint8_t *buf = NULL;
	uint64_t at = ctl_number(c, where, 0);
	struct guest_access a;
	size_t len;
	int r;

	r = ctl_bytes(c, "bytes", &buf, &len);
	if (r)
		return r;
	r = range_check(c, at, len, READ_MAX);
	if (r)
		return r;
	a = do_access(who, at, buf, len, true);
	return access_out(c, who, &a);
}

/* Where the next part begins: how many bytes came before it. */
static int part_check(struct ctl_call *c, uint64_t at, uint64_t len,
		      uint64_t from)
{
	int r = range_check(c, at, len, UINT64_C(1) << 46);

	if (!r && from >= len)
		r = ctl_refuse(c, EINVAL, "--from lies beyond the length");
	return r;
}

static void sum_up(struct guest_access *sum, const struct guest_access *a)
{
	sum->done += a->done;
	sum->holes += a->holes;
	sum->at = a->at;
	sum->end = a->end;
	sum->error = a->error;
}

static int verb_fill(struct ctl_call *c, const struct accessor *who,
		     const char *where)
{
	uint64_t at = ctl_number(c, where, 0), len = ctl_number(c, "len", 0);
	uint64_t from = ctl_number(c, "from", 0), n;
	uint64_t seed = ctl_number(c, "seed", 1);
	struct guest_access sum = { .at = at + from };
	nv_cleanup(nv_freep) uint8_t *buf = NULL;
	struct guest_access a;
	int r;

	r = part_check(c, at, len, from);
	if (r)
		return r;
	buf = malloc(CHUNK);
	if (!buf)
		return -ENOMEM;
	while (sum.end == GUEST_OK && sum.done < PART && from < len) {
		n = NV_MIN(len - from, (uint64_t)CHUNK);
		pattern_make(seed, from, buf, n);
		a = do_access(who, at + from, buf, n, true);
		sum_up(&sum, &a);
		from += a.done;
	}
	r = access_out(c, who, &sum);
	if (!r && sum.end == GUEST_OK && from < len)
		ctl_out_number(c->out, "next", from);
	return r;
}

static int verb_check(struct ctl_call *c, const struct accessor *who,
		      const char *where)
{
	uint64_t at = ctl_number(c, where, 0), len = ctl_number(c, "len", 0);
	uint64_t from = ctl_number(c, "from", 0), n, good;
	uint64_t seed = ctl_number(c, "seed", 1);
	struct guest_access sum = { .at = at + from };
	nv_cleanup(nv_freep) uint8_t *buf = NULL;
	bool wrong = false;
	struct guest_access a;
	int r;

	r = part_check(c, at, len, from);
	if (r)
		return r;
	buf = malloc(CHUNK);
	if (!buf)
		return -ENOMEM;
	while (!wrong && sum.end == GUEST_OK && sum.done < PART && from < len) {
		n = NV_MIN(len - from, (uint64_t)CHUNK);
		a = do_access(who, at + from, buf, n, false);
		good = pattern_check(seed, from, buf, a.done);
		wrong = good < a.done;
		sum_up(&sum, &a);
		from += wrong ? good : a.done;
	}
	r = access_out(c, who, &sum);
	if (r)
		return r;
	if (wrong)
		ctl_out_number(c->out, "wrong_at", at + from);
	else if (sum.end == GUEST_OK && from < len)
		ctl_out_number(c->out, "next", from);
	return 0;
}

typedef int access_verb(struct ctl_call *c, const struct accessor *who,
			const char *where);

static int as_guest(struct ctl_call *c, access_verb *verb)
{
	struct accessor who = { .host = c->host, .d = ctl_domain(c) };

	return who.d ? verb(c, &who, "gpa") : -ESRCH;
}

static int as_host(struct ctl_call *c, access_verb *verb)
{
	struct accessor who = { .host = c->host };

	return verb(c, &who, "spa");
}

int ctl_guest_read(struct ctl_call *c)
{
	return as_guest(c, verb_read);
}

int ctl_guest_write(struct ctl_call *c)
{
	return as_guest(c, verb_write);
}

int ctl_guest_fill(struct ctl_call *c)
{
	return as_guest(c, verb_fill);
}

int ctl_guest_check(struct ctl_call *c)
{
	return as_guest(c, verb_check);
}

int ctl_host_read(struct ctl_call *c)
{
	return as_host(c, verb_read);
}

int ctl_host_write(struct ctl_call *c)
{
	return as_host(c, verb_write);
}

int ctl_host_fill(struct ctl_call *c)
{
	return as_host(c, verb_fill);
}

int ctl_host_check(struct ctl_call *c)
{
	return as_host(c, verb_check);
}
