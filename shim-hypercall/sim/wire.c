/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * wire.c - requests in, answers out; and the faults that tests asked for.
 */
#include "wire.h"

#include <string.h>

static bool answer_take(struct wire_answer *a, const void *p, size_t len)
{
	a->payload = malloc(len ? len : 1);
	if (!a->payload)
		return false;
	memcpy(a->payload, p, len);
	a->len = len;
	return true;
}

static void do_op(struct ctl *ctl, uint32_t cmd, void *arg, uint32_t len,
		  struct wire_answer *a)
{
	const struct fault *f;
	long r = 0;

	f = faults_hit(&ctl->host->faults, FAULT_OP, cmd);
	if (f && f->what == FAULT_DROP_BEFORE) {
		a->what = WIRE_CLOSE;
		return;
	}
	if (!f || (f->what != FAULT_FAIL && f->what != FAULT_LIE))
		r = host_op(ctl->host, cmd, arg, len);
	if (f && (f->what == FAULT_FAIL || f->what == FAULT_FAIL_AFTER))
		r = -f->error;
	if (f && f->what == FAULT_DROP_AFTER) {
		a->what = WIRE_CLOSE;
		return;
	}
	if (f && f->what == FAULT_HANG) {
		a->what = WIRE_SILENCE;
		return;
	}
	a->head.result = r;
	if (!answer_take(a, arg, len))
		a->what = WIRE_CLOSE;
}

static void do_ctl(struct ctl *ctl, const char *text, uint32_t len,
		   struct wire_answer *a)
{
	struct json_object *o;
	const char *out;
	size_t n;

	a->head.result = ctl_run(ctl, text, len, &o);
	out = o ? json_object_to_json_string_length(
			  o, JSON_C_TO_STRING_PLAIN, &n) :
		  NULL;
	if (!out || !answer_take(a, out, n))
		a->what = WIRE_CLOSE;
	json_object_put(o);
}

void wire_request(struct ctl *ctl, void *packet, size_t len,
		  struct wire_answer *ret)
{
	struct wire_answer a = { .what = WIRE_CLOSE };
	struct simsock_head h;
	char *payload = (char *)packet + sizeof(h);

	*ret = a;
	if (len < sizeof(h))
		return;
	memcpy(&h, packet, sizeof(h));
	if (h.len != len - sizeof(h) || h.len > SIMSOCK_MAX_PACKET)
		return;

	a.what = WIRE_ANSWER;
	a.head.kind = h.kind;
	a.head.seq = h.seq;
	if (h.kind == SIMSOCK_OP) {
		do_op(ctl, h.cmd, payload, h.len, &a);
	} else if (h.kind == SIMSOCK_CTL) {
		do_ctl(ctl, payload, h.len, &a);
	} else if (h.kind == SIMSOCK_LISTEN && !h.len &&
		   h.cmd <= SIMSOCK_LISTEN_DOMAINS) {
		a.what = WIRE_LISTEN;
		a.listen = h.cmd;
	} else {
		a.what = WIRE_CLOSE;
	}
	*ret = a;
}

size_t wire_part(const struct wire_answer *a, size_t off,
		 struct simsock_head *ret)
{
	size_t n = NV_MIN(a->len - off, (size_t)SIMSOCK_MAX_PACKET);

	*ret = a->head;
	ret->len = (uint32_t)n;
	ret->cmd = off + n < a->len ? SIMSOCK_MORE : 0;
	return n;
}
