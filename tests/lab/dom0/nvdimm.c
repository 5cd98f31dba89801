/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * dom0/nvdimm.c - raw nvdimm_op calls.
 *
 * Cases use these to ask the hypervisor itself, past everything that nvdimmd
 * would check first, and to see its state with nobody's help.
 */
#include "labtool.h"

#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <xencall.h>
#include <xenevtchn.h>
#include <public/nvdimm.h>

#define LIST_ROOM 64
#define EVENT_ROOM 600
#define STORM_ROOM 4000 /* ranges in one call: XEN_NVDIMM_MAX_ARG has room for them */

static xencall_handle *xen;

/* What the last call cost: how often it was made, and for how long. */
struct cost {
	uint64_t calls, ticks;
};

/*
 * Make the call until it is finished, or @steps times if that is not 0.
 * Return: 0, XEN_NVDIMM_MORE when the steps were used up, -1 with errno.
 */
static int op_steps(unsigned int cmd, void *arg, size_t len, unsigned int steps,
		    struct cost *cost)
{
	uint64_t began;
	void *buf;
	int r;

	if (!xen)
		xen = xencall_open(NULL, 0);
	if (!xen)
		exit(failed("xencall_open"));
	buf = xencall_alloc_buffer(xen, len);
	memcpy(buf, arg, len);
	cost->calls = 0;
	began = ticks();
	do {
		r = xencall3(xen, __HYPERVISOR_nvdimm_op, cmd, (unsigned long)buf, len);
		cost->calls++;
	} while (r == XEN_NVDIMM_MORE && (!steps || --steps));
	cost->ticks = ticks() - began;
	memcpy(arg, buf, len);
	xencall_free_buffer(xen, buf);
	return r;
}

static int op(unsigned int cmd, void *arg, size_t len)
{
	struct cost cost;

	return op_steps(cmd, arg, len, 0, &cost);
}

void handle_parse(const char *uuid, uint8_t handle[16])
{
	int i;

	for (i = 0; i < 16; i++) {
		uuid += strspn(uuid, "-");
		if (sscanf(uuid, "%2hhx", &handle[i]) != 1) {
			fprintf(stderr, "labtool: no UUID\n");
			exit(2);
		}
		uuid += 2;
	}
}

static void handle_print(const uint8_t handle[16])
{
	int i;

	for (i = 0; i < 16; i++)
		printf("%s%02x", i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "", handle[i]);
}

int do_info(int argc, char **argv)
{
	struct xen_nvdimm_info i = { .magic = 0 };

	if (op(XEN_NVDIMM_get_info, &i, sizeof(i)))
		return failed("get_info");
	printf("magic=%#lx boot_id=%#lx version=%u virq=%u max_order=%u deadline_ms=%u\n"
	       "max_regions=%u max_extents=%u ring=%u caps=%#x\n",
	       i.magic, i.boot_id, i.version, i.virq, i.max_order, i.deadline_ms,
	       i.max_regions, i.max_extents, i.ring, i.caps);
	return 0;
}

static int range_op(unsigned int cmd, const char *what, char **argv)
{
	struct xen_nvdimm_range r = { number(argv[0]), number(argv[1]) };

	return op(cmd, &r, sizeof(r)) ? failed(what) : 0;
}

int do_register(int argc, char **argv)
{
	return range_op(XEN_NVDIMM_register, "register", argv);
}

int do_unregister(int argc, char **argv)
{
	return range_op(XEN_NVDIMM_unregister, "unregister", argv);
}

int do_arm(int argc, char **argv)
{
	return range_op(XEN_NVDIMM_arm, "arm", argv);
}

int do_deadline(int argc, char **argv)
{
	struct xen_nvdimm_policy p = { .deadline_ms = (uint32_t)number(argv[0]) };

	return op(XEN_NVDIMM_set_policy, &p, sizeof(p)) ? failed("set_policy") : 0;
}

int do_map(int argc, char **argv)
{
	struct xen_nvdimm_map m = {
		.domid = (uint32_t)number(argv[0]), .mfn = number(argv[2]),
		.gfn = number(argv[3]), .nr = number(argv[4]),
		.flags = (uint32_t)number(argv[5]),
	};
	struct cost cost;
	int r;

	handle_parse(argv[1], m.handle);
	r = op_steps(XEN_NVDIMM_map, &m, sizeof(m), argc > 6 ? (unsigned int)number(argv[6]) : 0,
		     &cost);
	if (r < 0) {
		failed("map");
		printf("gfn=%#lx\n", m.gfn);
		return 1;
	}
	printf("map_id=%lu done=%lu more=%d calls=%lu ticks=%lu\n", m.map_id, m.done, r,
	       cost.calls, cost.ticks);
	return 0;
}

int do_unmap(int argc, char **argv)
{
	struct xen_nvdimm_unmap u = { .map_id = number(argv[0]) };
	unsigned int steps = argc > 1 ? (unsigned int)number(argv[1]) : 0;
	struct cost cost;
	int r = op_steps(XEN_NVDIMM_unmap, &u, sizeof(u), steps, &cost);

	if (r < 0)
		return failed("unmap");
	printf("done=%lu more=%d calls=%lu ticks=%lu\n", u.done, r, cost.calls, cost.ticks);
	return 0;
}

int do_list(int argc, char **argv)
{
	static const char *const kinds[] = { "regions", "broken", "extents", "holds" };
	struct {
		struct xen_nvdimm_list head;
		struct xen_nvdimm_record rec[LIST_ROOM];
	} l;
	uint32_t kind, i;
	uint64_t cursor = 0;

	for (kind = 0; strcmp(argv[0], kinds[kind]); )
		if (++kind == 4)
			return 2;
	while (cursor != XEN_NVDIMM_LIST_END) {
		memset(&l, 0, sizeof(l));
		l.head = (struct xen_nvdimm_list){ kind, LIST_ROOM, cursor };
		if (op(XEN_NVDIMM_list, &l, sizeof(l)))
			return failed("list");
		for (i = 0; i < l.head.nr; i++) {
			const struct xen_nvdimm_record *r = &l.rec[i];

			printf("mfn=%#lx nr=%lu gfn=%#lx map_id=%lu done=%lu last_seq=%lu domid=%u state=%u handle=",
			       r->mfn, r->nr, r->gfn, r->map_id, r->done, r->last_seq, r->domid, r->state);
			handle_print(r->handle);
			printf("\n");
		}
		cursor = l.head.cursor;
	}
	return 0;
}

static int broken_op(unsigned int cmd, const char *what, int argc, char **argv)
{
	struct {
		struct xen_nvdimm_broken head;
		struct xen_nvdimm_range range;
	} b = {
		{ .nr = 1 }, { number(argv[0]), number(argv[1]) },
	};

	if (argc > 4) {
		b.head.flags = XEN_NVDIMM_BROKEN_AS_MCE;
		b.head.status = number(argv[2]);
		b.head.mcg = number(argv[3]);
		b.head.misc = number(argv[4]);
	}
	return op(cmd, &b, sizeof(b)) ? failed(what) : 0;
}

int do_break(int argc, char **argv)
{
	return broken_op(XEN_NVDIMM_set_broken, "set_broken", argc, argv);
}

/* Reports of NR frames from MFN on, every STRIDE-th, the whole of it TIMES times over. */
int do_storm(int argc, char **argv)
{
	uint64_t mfn = number(argv[0]), nr = number(argv[1]), i;
	uint64_t left = nr * (argc > 2 ? number(argv[2]) : 1), sent = 0;
	uint64_t stride = argc > 3 ? number(argv[3]) : 1;
	struct {
		struct xen_nvdimm_broken head;
		struct xen_nvdimm_range range[STORM_ROOM];
	} b;
	struct timespec from, to;

	clock_gettime(CLOCK_MONOTONIC, &from);
	for (; left; left -= b.head.nr) {
		b.head = (struct xen_nvdimm_broken){
			.flags = XEN_NVDIMM_BROKEN_AS_MCE,
			.nr = left < STORM_ROOM ? (uint32_t)left : STORM_ROOM,
		};
		for (i = 0; i < b.head.nr; i++, sent++)
			b.range[i] = (struct xen_nvdimm_range){ mfn + sent % nr * stride, 1 };
		if (op(XEN_NVDIMM_set_broken, &b, sizeof(b.head) + b.head.nr * sizeof(b.range[0])))
			return failed("set_broken");
	}
	clock_gettime(CLOCK_MONOTONIC, &to);
	printf("reports=%lu ms=%ld\n", sent, (to.tv_sec - from.tv_sec) * 1000 +
	       (to.tv_nsec - from.tv_nsec) / 1000000);
	return 0;
}

int do_mend(int argc, char **argv)
{
	return broken_op(XEN_NVDIMM_clear_broken, "clear_broken", 2, argv);
}

int do_events(int argc, char **argv)
{
	struct {
		struct xen_nvdimm_events head;
		struct xen_nvdimm_event event[EVENT_ROOM];
	} e = { { .ack_seq = number(argv[0]), .nr = EVENT_ROOM } };
	uint32_t i;

	if (op(XEN_NVDIMM_get_events, &e, sizeof(e)))
		return failed("get_events");
	for (i = 0; i < e.head.nr; i++) {
		const struct xen_nvdimm_event *v = &e.event[i];

		printf("seq=%lu type=%u flags=%#x spa=%#lx nr=%lu status=%#lx mcg=%#lx misc=%#lx "
		       "map_id=%lu gfn=%#lx domid=%u vcpu=%d time=%lu handle=",
		       v->seq, v->type, v->flags, v->spa, v->nr, v->status, v->mcg, v->misc,
		       v->map_id, v->gfn, v->domid, (int)v->vcpu, v->time_ns);
		handle_print(v->handle);
		printf("\n");
	}
	printf("lost=%lu next_seq=%lu waiting=%u\n", e.head.lost, e.head.next_seq, e.head.waiting);
	return 0;
}

int do_resolve(int argc, char **argv)
{
	struct xen_nvdimm_resolve r = { .seq = number(argv[0]) };

	if (!strcmp(argv[1], "crash"))
		r.action = XEN_NVDIMM_RESOLVE_CRASH;
	else if (!strcmp(argv[1], "resume"))
		r.action = XEN_NVDIMM_RESOLVE_RESUME;
	else
		r.action = XEN_NVDIMM_RESOLVE_VMCE;
	if (!strcmp(argv[1], "vmce-srao"))
		r.kind = XEN_NVDIMM_KIND_SRAO;
	else if (!strcmp(argv[1], "vmce-srar"))
		r.kind = XEN_NVDIMM_KIND_SRAR;
	return op(XEN_NVDIMM_resolve, &r, sizeof(r)) ? failed("resolve") : 0;
}

int do_hold(int argc, char **argv)
{
	struct xen_nvdimm_hold h = {
		.domid = (uint32_t)number(argv[0]), .on = (uint32_t)number(argv[2]),
	};

	handle_parse(argv[1], h.handle);
	return op(XEN_NVDIMM_hold, &h, sizeof(h)) ? failed("hold") : 0;
}

int do_scrub(int argc, char **argv)
{
	struct xen_nvdimm_scrub s = { .mfn = number(argv[0]), .nr = number(argv[1]) };

	return op(XEN_NVDIMM_scrub, &s, sizeof(s)) ? failed("scrub") : 0;
}

int do_query(int argc, char **argv)
{
	struct xen_nvdimm_query q = {
		.domid = (uint32_t)number(argv[0]), .gfn = number(argv[1]),
	};

	if (op(XEN_NVDIMM_query, &q, sizeof(q)))
		return failed("query");
	printf("mfn=%#lx order=%u type=%u cache=%u entry=%#lx\n",
	       q.mfn, q.order, q.type, q.cache, q.entry);
	return 0;
}

/* How many entries of each size map these guest frames. */
int do_leaves(int argc, char **argv)
{
	struct xen_nvdimm_query q = { .domid = (uint32_t)number(argv[0]) };
	uint64_t gfn = number(argv[1]), end = gfn + number(argv[2]), n[3] = { 0 }, absent = 0;

	while (gfn < end) {
		q.gfn = gfn;
		if (op(XEN_NVDIMM_query, &q, sizeof(q)))
			return failed("query");
		if (q.cache == XEN_NVDIMM_CACHE_NONE)
			absent++;
		else
			n[q.order / 9]++;
		gfn = (gfn | ((1ull << q.order) - 1)) + 1;
	}
	printf("4k=%lu 2m=%lu 1g=%lu absent=%lu\n", n[0], n[1], n[2], absent);
	return 0;
}

int do_virq(int argc, char **argv)
{
	struct xen_nvdimm_info i = { .magic = 0 };
	xenevtchn_handle *e = xenevtchn_open(NULL, 0);
	struct pollfd p;

	if (!e)
		return failed("xenevtchn_open");
	if (op(XEN_NVDIMM_get_info, &i, sizeof(i)))
		return failed("get_info");
	if (xenevtchn_bind_virq(e, i.virq) < 0)
		return failed("bind_virq");
	p = (struct pollfd){ .fd = xenevtchn_fd(e), .events = POLLIN };
	printf("bound\n");
	if (poll(&p, 1, (int)number(argv[0]) * 1000) <= 0) {
		printf("no virq\n");
		return 124;
	}
	printf("virq\n");
	return 0;
}
