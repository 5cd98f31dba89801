/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * tests/lib/ledgers.h - ledgers with something in them, for tests.
 */
#ifndef NV_TESTS_LEDGERS_H
#define NV_TESTS_LEDGERS_H

#include <stdio.h>
#include <string.h>

#include "core/ledger.h"
#include "core/maps.h"
#include "tests/lib/cm.h"

#define MIB (1ULL << 20)
#define GIB (1ULL << 30)

static inline struct nv_uuid uuid_of(uint64_t n)
{
	struct nv_uuid u = { { 0 } };

	memcpy(u.b, &n, sizeof(n));
	u.b[15] = 1;
	return u;
}

static inline struct pool_site site_of(const char *device, uint64_t spa,
				       uint64_t size)
{
	struct pool_site s = { .mfn = frames_from_bytes(spa),
			       .nr = frames_from_bytes(size),
			       .numa_node = -1 };

	snprintf(s.device, sizeof(s.device), "%s", device);
	snprintf(s.region, sizeof(s.region), "region0");
	return s;
}

static inline void check_ledger(struct ledger *l)
{
	struct nv_why why = { "" };

	if (ledger_check(l, &why))
		fail_msg("%s", why.text);
}

static inline struct pool *have_pool(struct ledger *l, const char *name,
				     uint64_t spa, uint64_t size)
{
	struct pool_site site = site_of(name, spa, size);
	struct nv_uuid uuid = uuid_of(spa + 1);
	struct nv_why why;
	struct pool *p;

	assert_int_equal(ledger_pool_begin(l, &uuid, name, &site, &why, &p),
			 0);
	ledger_pool_done(l, p);
	ledger_pool_armed(l, p);
	check_ledger(l);
	return p;
}

static inline struct volume *have_volume(struct ledger *l, const char *name,
					 struct pool *p, uint64_t size)
{
	struct volume_request req = { .name = name,
				      .uuid.b = { 7 },
				      .pool = p,
				      .size_bytes = size };
	struct nv_why why = { "" };
	struct volume *v;

	snprintf((char *)req.uuid.b + 1, sizeof(req.uuid.b) - 1, "%s", name);
	if (ledger_volume_begin(l, &req, &why, &v))
		fail_msg("%s", why.text);
	ledger_volume_done(l, v);
	check_ledger(l);
	return v;
}

static inline struct mapping *have_mapping(struct ledger *l, struct volume *v,
					   uint32_t domid, uint64_t gpa)
{
	struct map_request req = { .domid = domid,
				   .handle = uuid_of(domid),
				   .domain = "guest",
				   .volume = v,
				   .gpa = gpa };
	struct nv_why why = { "" };
	struct extent *e;
	struct mapping *m;

	if (ledger_map_begin(l, &req, &why, &m))
		fail_msg("%s", why.text);
	for (e = m->extents; e; e = e->next)
		ledger_map_extent(l, e, ledger_extent_mfn(e) + 1);
	ledger_map_done(l, m);
	check_ledger(l);
	return m;
}

/* A bare range in domain 5, 64 GiB above where it is in the pool. */
static inline struct mapping *map_bare(struct ledger *l, struct pool *p,
				       uint64_t off, uint64_t size)
{
	struct map_request req = { .domid = 5,
				   .handle = uuid_of(5),
				   .pool = p,
				   .offset_bytes = off,
				   .size_bytes = size,
				   .gpa = 64 * GIB + off };
	struct nv_why why = { "" };
	struct mapping *m;

	if (ledger_map_begin(l, &req, &why, &m))
		fail_msg("%s", why.text);
	return m;
}

/* An empty ledger of boot 7 for each test, held against its invariants at the end. */
static inline int ledger_setup(void **state)
{
	struct ledger *l;

	if (ledger_new(&l))
		return -1;
	ledger_set_boot(l, 7);
	*state = l;
	return 0;
}

static inline int ledger_teardown(void **state)
{
	check_ledger(*state);
	ledger_free(*state);
	return 0;
}

#define LEDGER_TEST(name) \
	cmocka_unit_test_setup_teardown(name, ledger_setup, ledger_teardown)

#endif
