/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * simctl.c - JSON requests to nvdimm-sim, and the list of domains.
 */
#include "simctl.h"

#include <stdio.h>
#include <string.h>

#include "base/macros.h"
#include "base/uuid.h"
#include "simsock.h"

#define TIMEOUT_MS 10000
#define ANSWER_DEPTH 8

struct simctl {
	struct simsock sock;
	struct simsock watch; /* fd -1 before simctl_watch() */
	char path[];
};

int simctl_open(const char *path, struct simctl **ret)
{
	nv_cleanup(nv_freep) struct simctl *c = NULL;
	size_t n = strlen(path) + 1;
	int r;

	c = calloc(1, sizeof(*c) + n);
	if (!c)
		return -ENOMEM;
	memcpy(c->path, path, n);
	c->watch.fd = -1;
	r = simsock_connect(path, TIMEOUT_MS, &c->sock);
	if (r)
		return r;
	*ret = nv_steal(&c);
	return 0;
}

struct simctl *simctl_close(struct simctl *c)
{
	if (c) {
		simsock_close(&c->sock);
		simsock_close(&c->watch);
	}
	free(c);
	return NULL;
}

void simctl_closep(struct simctl **c)
{
	*c = simctl_close(*c);
}

void simctl_set_timeout(struct simctl *c, unsigned int ms)
{
	c->sock.timeout_ms = ms;
}

/* Gathers an answer of several packets. Return: 0 and *@ret_text, or -errno. */
static int answer_gather(struct simctl *c, const char *req, char **ret_text,
			 size_t *ret_len, int64_t *ret_result)
{
	nv_cleanup(nv_freep) char *text = NULL;
	size_t len = 0, room = SIMSOCK_MAX_PACKET;
	struct simsock_head h;
	char *n;
	int r;

	text = malloc(room);
	if (!text)
		return -ENOMEM;
	r = simsock_call(&c->sock, SIMSOCK_CTL, 0, req, (uint32_t)strlen(req),
			 text, SIMSOCK_MAX_PACKET, &h);
	while (!r) {
		len += h.len;
		if (!(h.cmd & SIMSOCK_MORE))
			break;
		if (len + SIMSOCK_MAX_PACKET > SIMSOCK_MAX_ANSWER)
			return -EPROTO;
		if (room - len < SIMSOCK_MAX_PACKET) {
			room *= 2;
			n = realloc(text, room);
			if (!n)
				return -ENOMEM;
			text = n;
		}
		r = simsock_more(&c->sock, text + len, SIMSOCK_MAX_PACKET, &h);
	}
	if (r)
		return r;
	*ret_text = nv_steal(&text);
	*ret_len = len;
	*ret_result = h.result;
	return 0;
}

static int call_once(struct simctl *c, struct json_object *req,
		     struct json_object **ret, char *sentence, size_t size)
{
	nv_cleanup(nv_freep) char *text = NULL;
	const char *out = json_object_to_json_string_ext(
		req, JSON_C_TO_STRING_PLAIN);
	struct json_object *o, *e;
	struct json_tokener *tok;
	int64_t result;
	size_t len;
	int r;

	if (!out)
		return -ENOMEM;
	if (strlen(out) > SIMSOCK_MAX_PACKET)
		return -EMSGSIZE;
	r = answer_gather(c, out, &text, &len, &result);
	if (r)
		return r;

	tok = json_tokener_new_ex(ANSWER_DEPTH);
	if (!tok)
		return -ENOMEM;
	json_tokener_set_flags(tok, JSON_TOKENER_STRICT);
	o = len ? json_tokener_parse_ex(tok, text, (int)len) : NULL;
	if (json_tokener_get_error(tok) != json_tokener_success ||
	    !json_object_is_type(o, json_type_object) || result > 0 ||
	    result < -4095) {
		json_tokener_free(tok);
		json_object_put(o);
		return -EPROTO;
	}
	json_tokener_free(tok);
	if (result) {
		if (json_object_object_get_ex(o, "error", &e))
			snprintf(sentence, size, "%s",
				 json_object_get_string(e));
		json_object_put(o);
		return (int)result;
	}
	*ret = o;
	return 0;
}

/* Lists are joined, numbers added up; anything else is as it came last. */
static void answer_join(struct json_object *sum, struct json_object *part)
{
	struct json_object *old;
	size_t i;

	json_object_object_foreach(part, key, v) {
		if (!json_object_object_get_ex(sum, key, &old)) {
			json_object_object_add(sum, key, json_object_get(v));
		} else if (json_object_is_type(v, json_type_array) &&
			   json_object_is_type(old, json_type_array)) {
			for (i = 0; i < json_object_array_length(v); i++)
				json_object_array_add(
					old,
					json_object_get(
						json_object_array_get_idx(v, i)));
		} else if (json_object_is_type(v, json_type_int) &&
			   json_object_is_type(old, json_type_int)) {
			json_object_int_inc(old, json_object_get_int64(v));
		} else {
			json_object_object_add(sum, key, json_object_get(v));
		}
	}
}

int simctl_call(struct simctl *c, struct json_object *req,
		struct json_object **ret, char *sentence, size_t size)
{
	struct json_object *sum = NULL, *part, *next;
	bool more;
	int r;

	snprintf(sentence, size, "nvdimm-sim does not answer");
	do {
		r = call_once(c, req, &part, sentence, size);
		if (r) {
			json_object_put(sum);
			return r;
		}
		more = json_object_object_get_ex(part, "next", &next);
		if (more) {
			json_object_object_add(req, "from",
					       json_object_get(next));
			json_object_object_del(part, "next");
		}
		if (!sum) {
			sum = part;
			continue;
		}
		answer_join(sum, part);
		json_object_put(part);
	} while (more);
	*ret = sum;
	return 0;
}

static int word_of(const char *const *words, size_t nr, const char *text)
{
	size_t i;

	for (i = 0; text && i < nr; i++)
		if (!strcmp(words[i], text))
			return (int)i;
	return -1;
}

static struct json_object *member(struct json_object *o, const char *key)
{
	struct json_object *v;

	return json_object_object_get_ex(o, key, &v) ? v : NULL;
}

static int domain_read(struct json_object *o, struct simctl_domain *d)
{
	static const char *const types[] = { "pv", "pvh", "hvm" };
	const char *name = json_object_get_string(member(o, "name"));
	const char *uuid = json_object_get_string(member(o, "uuid"));
	const char *state = json_object_get_string(member(o, "state"));
	const char *reason = json_object_get_string(member(o, "reason"));
	struct nv_uuid u;
	int type;

	type = word_of(types, NV_ARRAY_SIZE(types),
		       json_object_get_string(member(o, "type")));
	if (!name || !uuid || nv_uuid_parse(uuid, &u) || !state || !reason ||
	    type < 0)
		return -EPROTO;
	d->domid = (uint32_t)json_object_get_int64(member(o, "domid"));
	memcpy(d->handle, u.b, sizeof(d->handle));
	snprintf(d->name, sizeof(d->name), "%s", name);
	snprintf(d->reason, sizeof(d->reason), "%s", reason);
	d->type = (enum simctl_type)type;
	d->state = !strcmp(state, "dying")    ? SIMCTL_DYING :
		   !strcmp(state, "shutdown") ? SIMCTL_SHUTDOWN :
						SIMCTL_RUNNING;
	d->paused = json_object_get_boolean(member(o, "paused"));
	d->ran = json_object_get_boolean(member(o, "ran"));
	d->held = json_object_get_boolean(member(o, "held"));
	d->hap = json_object_get_boolean(member(o, "hap"));
	d->memory = (uint64_t)json_object_get_int64(member(o, "memory"));
	d->vcpus = (uint32_t)json_object_get_int64(member(o, "vcpus"));
	d->address_bits =
		(uint32_t)json_object_get_int64(member(o, "address_bits"));
	return 0;
}

int simctl_domains(struct simctl *c, struct simctl_domain **ret,
		   size_t *ret_nr)
{
	nv_cleanup(nv_freep) struct simctl_domain *ds = NULL;
	struct json_object *req, *out, *list;
	char sentence[256];
	size_t i, nr;
	int r;

	req = json_object_new_object();
	if (!req)
		return -ENOMEM;
	json_object_object_add(req, "verb",
			       json_object_new_string("domain list"));
	r = simctl_call(c, req, &out, sentence, sizeof(sentence));
	json_object_put(req);
	if (r)
		return r;

	list = member(out, "domains");
	if (!json_object_is_type(list, json_type_array)) {
		json_object_put(out);
		return -EPROTO;
	}
	nr = json_object_array_length(list);
	ds = calloc(nr + 1, sizeof(*ds));
	r = ds ? 0 : -ENOMEM;
	for (i = 0; !r && i < nr; i++)
		r = domain_read(json_object_array_get_idx(list, i), &ds[i]);
	json_object_put(out);
	if (r)
		return r;
	*ret = nv_steal(&ds);
	*ret_nr = nr;
	return 0;
}

int simctl_domain(struct simctl *c, uint32_t domid, struct simctl_domain *ret)
{
	struct json_object *req, *out;
	char sentence[256], text[16];
	int r;

	req = json_object_new_object();
	if (!req)
		return -ENOMEM;
	snprintf(text, sizeof(text), "%u", domid);
	json_object_object_add(req, "verb", json_object_new_string("domain show"));
	json_object_object_add(req, "dom", json_object_new_string(text));
	r = simctl_call(c, req, &out, sentence, sizeof(sentence));
	json_object_put(req);
	if (r)
		return r;
	r = domain_read(out, ret);
	json_object_put(out);
	return !r && ret->domid != domid ? -ESRCH : r;
}

int simctl_watch(struct simctl *c)
{
	struct simsock s;
	int r;

	if (c->watch.fd >= 0)
		return 0;
	r = simsock_connect(c->path, c->sock.timeout_ms, &s);
	if (r)
		return r;
	r = simsock_listen(&s, SIMSOCK_LISTEN_DOMAINS);
	if (r) {
		simsock_close(&s);
		return r;
	}
	c->watch = s;
	return 0;
}

int simctl_fd(const struct simctl *c)
{
	return c->watch.fd < 0 ? -ENOTCONN : c->watch.fd;
}

int simctl_watch_clear(struct simctl *c)
{
	int r;

	if (c->watch.fd < 0)
		return -ENOTCONN;
	r = simsock_drain(&c->watch);
	return r > 0 ? 1 : r;
}
