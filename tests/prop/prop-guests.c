/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * prop-guests.c - the lists of guests and a plain table of them, treated alike,
 * stay alike: added, deleted, looked up, when memory runs out, and after a
 * restart from what the book would hold.
 */
#include <string.h>

#include "core/ledger-int.h"
#include "tests/lib/prop.h"
#include "tests/lib/wrap-alloc.h"

#define GUESTS 6u
#define VOLUMES 12u
#define RESTART_EVERY 997u

static uint64_t op;

#define must(x) prop_must(op, x)

/* Guests 0 to 2 are known by UUID, 3 to 5 by name. */
struct world {
	struct prop rnd;
	struct ledger *l;
	struct pool *pool;
	struct volume *v[VOLUMES];
	bool busy[VOLUMES];                    /* being deleted */
	struct guest_fact has[GUESTS][GUEST_DEVICES]; /* guest "": none */
	int of[GUESTS][GUEST_DEVICES];         /* its volume */
	uint64_t added, refused, restarted;
};

static uint64_t below(struct world *w, uint64_t n)
{
	return prop_below(&w->rnd, n);
}

static struct nv_uuid uuid_of(uint64_t n)
{
	struct nv_uuid u = { .b = { (uint8_t)(n + 1), 0xab } };

	return u;
}

static const char *guest_text(unsigned int guest, char buf[64])
{
	struct nv_uuid uuid = uuid_of(guest);

	if (guest < GUESTS / 2)
		nv_uuid_print(&uuid, buf);
	else
		snprintf(buf, 64, "name:db%u", guest);
	return buf;
}

static int find_volume(const struct world *w, unsigned int guest, int volume)
{
	unsigned int d;

	for (d = 0; d < GUEST_DEVICES; d++)
		if (w->has[guest][d].guest[0] && w->of[guest][d] == volume)
			return (int)d;
	return -1;
}

static bool clashes(const struct world *w, unsigned int guest, uint64_t gfn,
		    uint64_t nr)
{
	const struct guest_fact *f;
	unsigned int d;

	for (d = 0; d < GUEST_DEVICES; d++) {
		f = &w->has[guest][d];
		if (f->guest[0] && f->gfn != NV_NO_FRAME &&
		    frames_overlap(gfn, nr, f->gfn,
				   w->v[w->of[guest][d]]->fact.nr))
			return true;
	}
	return false;
}

static int expected(const struct world *w, unsigned int guest, int v,
		    const struct guest_request *req, uint32_t *ret_device)
{
	uint32_t lowest = 0;

	if (w->busy[v])
		return NV_E_VOLUME_BUSY;
	if (find_volume(w, guest, v) >= 0)
		return NV_E_LISTED;
	while (lowest < GUEST_DEVICES && w->has[guest][lowest].guest[0])
		lowest++;
	*ret_device = req->has_device ? req->device : lowest;
	if (req->has_device && req->device >= GUEST_DEVICES)
		return NV_E_LIMIT;
	if (req->has_device && w->has[guest][req->device].guest[0])
		return NV_E_DEVICE_TAKEN;
	if (req->has_gpa && !nv_is_aligned(req->gpa, 2u << 20))
		return NV_E_BAD_ALIGNMENT;
	if (req->has_gpa && clashes(w, guest, frames_from_bytes(req->gpa),
				    req->volume->fact.nr))
		return NV_E_GFN_OCCUPIED;
	return 0;
}

static void op_add(struct world *w)
{
	unsigned int guest = (unsigned int)below(w, GUESTS);
	int v = (int)below(w, VOLUMES), r, want;
	char text[64];
	struct guest_request req = {
		.guest = guest_text(guest, text),
		.volume = w->v[v],
		.has_device = below(w, 2),
		.device = (uint32_t)below(w, GUEST_DEVICES + 2),
		.has_gpa = below(w, 2),
		.gpa = below(w, 20) << 20,
		.if_missing = below(w, 2) ? GUEST_WAIT : GUEST_RUN,
	};
	struct guest_device *g = NULL;
	struct nv_why why = { "" };
	uint32_t device = 0;

	want = expected(w, guest, v, &req, &device);
	wrap_alloc_fail_at(below(w, 4) ? 0 : 1);
	r = ledger_guest_add(w->l, &req, &why, &g);
	if (r == -ENOMEM)
		must(wrap_alloc_failed());
	wrap_alloc_fail_at(0);
	if (r == -ENOMEM)
		return;
	must(r == want);
	must(!r == !why.text[0]);
	if (r) {
		w->refused++;
		return;
	}
	must(g->fact.device == device && g->volume == w->v[v]);
	w->has[guest][device] = g->fact;
	w->of[guest][device] = v;
	w->added++;
}

/* By its volume or by its number. */
static void op_del(struct world *w)
{
	unsigned int guest = (unsigned int)below(w, GUESTS);
	int v = (int)below(w, VOLUMES), d = find_volume(w, guest, v), r;
	struct guest_device *g;
	struct nv_why why;
	char text[64], name[16] = "";

	if (d < 0 || below(w, 2))
		snprintf(name, sizeof(name), "v%d", v);
	r = ledger_guest_find(w->l, guest_text(guest, text), name, (uint32_t)d,
			      &why, &g);
	must(r == (d < 0 ? NV_E_NO_DEVICE : 0));
	if (r)
		return;
	wrap_alloc_fail_at(1);
	ledger_guest_del(w->l, g);
	wrap_alloc_fail_at(0);
	w->has[guest][d].guest[0] = '\0';
}

/* What a domain with a UUID of one and the name of another gets. */
static void op_of(struct world *w)
{
	unsigned int a = (unsigned int)below(w, GUESTS / 2);
	unsigned int b = GUESTS / 2 + (unsigned int)below(w, GUESTS / 2);
	bool seen[GUESTS][GUEST_DEVICES] = { { false } };
	struct nv_uuid uuid = uuid_of(a);
	struct guest_device *g = NULL;
	unsigned int d, from;
	char name[16];
	bool want;

	snprintf(name, sizeof(name), "db%u", b);
	while ((g = ledger_guest_of(w->l, &uuid, name, g))) {
		from = g->fact.guest[0] == 'u' ? a : b;
		must(!seen[from][g->fact.device]);
		seen[from][g->fact.device] = true;
	}
	for (d = 0; d < GUEST_DEVICES; d++) {
		must(seen[a][d] == !!w->has[a][d].guest[0]);
		want = w->has[b][d].guest[0] && !w->has[a][d].guest[0] &&
		       find_volume(w, a, w->of[b][d]) < 0;
		must(seen[b][d] == want);
	}
}

/* A volume that is listed stays; one that is not may be on its way out. */
static void op_delete_volume(struct world *w)
{
	int v = (int)below(w, VOLUMES);
	bool listed = false;
	struct nv_why why;
	unsigned int i;
	int r;

	if (w->busy[v]) {
		ledger_delete_abort(w->l, w->v[v]);
		w->busy[v] = false;
		return;
	}
	for (i = 0; i < GUESTS; i++)
		listed |= find_volume(w, i, v) >= 0;
	r = ledger_delete_begin(w->l, w->v[v], &why);
	must(r == (listed ? NV_E_LISTED : 0));
	w->busy[v] = !r;
}

/* Facts go to a new ledger in the order of the book, which is this one's. */
static void restart(struct world *w)
{
	struct pool_site site = w->pool->site;
	struct guest_device *g = NULL;
	struct ledger *l, *old = w->l;
	struct nv_why why;
	unsigned int i;

	must(!ledger_new(&l));
	must(!ledger_pool_load(l, &w->pool->fact, &why, &w->pool));
	must(!ledger_pool_attach(l, w->pool, &site, &why));
	ledger_pool_armed(l, w->pool);
	for (i = 0; i < VOLUMES; i++) {
		if (w->busy[i])
			ledger_delete_abort(old, w->v[i]);
		w->busy[i] = false;
		must(!ledger_volume_load(l, &w->v[i]->fact,
					 &w->v[i]->extents->fact, &why,
					 &w->v[i]));
	}
	while ((g = ledger_guest_next(old, g)))
		must(!ledger_guest_load(l, &g->fact, &why));
	ledger_free(old);
	w->l = l;
	w->restarted++;
}

static void compare(struct world *w)
{
	struct guest_device *g = NULL;
	unsigned int i, d, nr = 0;

	while ((g = ledger_guest_next(w->l, g)))
		nr++;
	for (i = 0; i < GUESTS; i++) {
		for (d = 0; d < GUEST_DEVICES; d++) {
			if (!w->has[i][d].guest[0])
				continue;
			nr--;
			must(!ledger_guest_find(w->l, w->has[i][d].guest, NULL,
						d, NULL, &g));
			must(!memcmp(&g->fact, &w->has[i][d], sizeof(g->fact)));
			must(g->volume == w->v[w->of[i][d]]);
		}
	}
	must(!nr);
}

static void world_begin(struct world *w)
{
	struct pool_site site = { .device = "ns", .region = "region0",
				  .mfn = 1 << 20, .nr = VOLUMES * 2048,
				  .numa_node = -1 };
	struct volume_request req = { .size_bytes = 4u << 20 };
	struct nv_uuid uuid = uuid_of(200);
	struct nv_why why;
	unsigned int i;
	char name[16];

	must(!ledger_new(&w->l));
	must(!ledger_pool_begin(w->l, &uuid, "p", &site, &why, &w->pool));
	ledger_pool_done(w->l, w->pool);
	ledger_pool_armed(w->l, w->pool);
	for (i = 0; i < VOLUMES; i++) {
		snprintf(name, sizeof(name), "v%u", i);
		req.name = name;
		req.uuid = uuid_of(100 + i);
		must(!ledger_volume_begin(w->l, &req, &why, &w->v[i]));
		ledger_volume_done(w->l, w->v[i]);
	}
}

int main(int argc, char **argv)
{
	static void (*const ops[])(struct world *) = {
		op_add, op_add, op_del, op_del, op_of, op_delete_volume,
	};
	static struct world w;
	struct nv_why why;

	w.rnd = prop_begin(argc, argv);
	world_begin(&w);
	for (op = 0; op < w.rnd.ops / 4; op++) {
		ops[below(&w, NV_ARRAY_SIZE(ops))](&w);
		if (ledger_check(w.l, &why)) {
			fprintf(stderr, "op %llu: %s\n", (unsigned long long)op,
				why.text);
			abort();
		}
		if (op % RESTART_EVERY == 0)
			restart(&w);
		if (op % 11 == 0)
			compare(&w);
	}
	printf("added %llu, refused %llu, restarted %llu\n",
	       (unsigned long long)w.added, (unsigned long long)w.refused,
	       (unsigned long long)w.restarted);
	ledger_free(w.l);
	return 0;
}
