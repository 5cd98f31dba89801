/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test-guest-start.c - a guest with a list starts: who is held, when, until when.
 */
#include <string.h>

#include "ops/guest_desk.h"
#include "ops/op_device.h"
#include "tests/lib/cm.h"
#include "tests/lib/requests.h"

#define MIB (1ull << 20)

static struct world w;

static void must(int r)
{
	if (r)
		fail_msg("%d: %s", r, w.why.text);
}

static int setup(void **state)
{
	world_init(&w);
	world_with_bus(&w);
	must(world_boot(&w));
	must(request_pool(&w, "namespace0.0", "p"));
	must(request_volume(&w, "a", 2 * MIB));
	must(request_volume(&w, "b", 2 * MIB));
	return 0;
}

static int teardown(void **state)
{
	world_deinit(&w);
	return 0;
}

static void list(const char *guest, const char *volume)
{
	must(request_list(&w, guest, volume, false));
}

static void take_events(void)
{
	struct bus_event ev;

	while (!bus_next(w.nvd.bus, &ev)) {
		device_event(&w.nvd, &ev);
		guest_event(&w.nvd, &ev);
	}
}

static void settle(void)
{
	struct op *op;

	for (;;) {
		take_events();
		if (!guest_waits(&w.nvd) && !device_waits(&w.nvd))
			return;
		guest_step(&w.nvd);
		must(op_device_begin(&w.nvd, &w.why, &op));
		if (op)
			(void)world_run(&w, op);
	}
}

/* g@domid is built and introduced; its CPUs have run, or not yet. */
static void introduce(uint32_t domid, bool ran)
{
	struct dom_info d;

	world_domain(&w, domid, true);
	must(dom_get(w.dom, domid, &d));
	d.has_run = ran;
	dom_mem_put(w.dom, &d);
	bus_mem_domain(w.bus, domid, true);
}

static bool has(uint32_t domid, const char *volume)
{
	struct volume *v;

	must(ledger_volume_find(w.nvd.ledger, volume, &w.why, &v));
	return v->mapping && v->mapping->fact.domid == domid && v->mapping->fact.state == MAPPING_MAPPED;
}

static void test_the_hold_is_there_when_the_introduction_was_taken_in(void **state)
{
	settle();
	list("g1", "a");
	introduce(1, false);
	take_events();
	assert_true(world_is_held(&w, 1));
	assert_false(has(1, "a"));
	settle();
	assert_true(has(1, "a"));
	assert_false(world_is_held(&w, 1));
	assert_null(guest_find(w.nvd.guests, 1));
}

static void test_a_guest_without_a_list_is_not_held(void **state)
{
	settle();
	list("g1", "a");
	introduce(2, false);
	take_events();
	assert_false(world_is_held(&w, 2));
	assert_null(guest_find(w.nvd.guests, 2));
}

static void test_a_guest_just_introduced_is_held_even_if_it_ran_for_a_moment(void **state)
{
	settle();
	list("g1", "a");
	introduce(1, true);
	take_events();
	assert_true(world_is_held(&w, 1));
	settle();
	assert_true(has(1, "a"));
	assert_false(world_is_held(&w, 1));
}

static void test_a_guest_that_ran_before_nvdimmd_came_is_given_its_volume_and_not_held(void **state)
{
	list("g1", "a");
	list("g2", "b");
	world_end(&w);
	introduce(1, true);
	introduce(2, false);
	must(world_boot(&w));
	take_events();
	assert_false(world_is_held(&w, 1));
	assert_true(world_is_held(&w, 2));
	settle();
	assert_true(has(1, "a") && has(2, "b"));
	assert_false(world_is_held(&w, 2));
}

static void test_until_all_devices_are_told_only_who_needs_nothing_is_let_go(void **state)
{
	settle();
	list("g1", "a");
	list("g2", "a");
	introduce(1, false);
	settle();
	introduce(2, false);
	settle();
	assert_true(world_is_held(&w, 2));
	/* The next life is told of nothing. */
	world_end(&w);
	bus_mem_down(w.bus);
	must(world_boot(&w));
	bus_mem_down(w.bus);
	settle();
	assert_true(world_is_held(&w, 2));
	must(request_unlist(&w, "g2", "a"));
	settle();
	assert_false(world_is_held(&w, 2));
}

static void test_a_number_that_is_another_domain_now_begins_anew(void **state)
{
	struct dom_info d;
	struct guest *g;

	settle();
	list("g1", "a");
	list("g2", "a");
	introduce(1, false);
	settle();
	introduce(2, false);
	settle();
	g = guest_find(w.nvd.guests, 2);
	assert_non_null(g);
	assert_true(g->held);
	assert_true(g->told);
	world_domain(&w, 2, false);
	world_domain(&w, 2, true);
	must(dom_get(w.dom, 2, &d));
	d.uuid.b[3] = 7;
	hv_mem_domain(w.hv, 2, &d.uuid, false);
	hv_mem_domain(w.hv, 2, &d.uuid, true);
	dom_mem_put(w.dom, &d);
	bus_mem_domain(w.bus, 2, true);
	take_events();
	g = guest_find(w.nvd.guests, 2);
	assert_non_null(g);
	assert_true(nv_uuid_equal(&g->uuid, &d.uuid));
	assert_false(g->told);
	assert_true(world_is_held(&w, 2));
}

static void test_another_device_of_that_number_is_named(void **state)
{
	struct device_wish wish = { .state = DEVICE_INITIALISING, .online = true, .volume = "b" };
	const struct guest *g;
	struct view_guests all;

	settle();
	introduce(1, false);
	bus_mem_wish(w.bus, (struct device_key){ 1, 0 }, &wish);
	settle();
	assert_true(has(1, "b"));
	list("g1", "a");
	settle();
	g = guest_find(w.nvd.guests, 1);
	assert_non_null(g);
	assert_true(g->held);
	assert_false(has(1, "a"));
	must(op_show_guests(&w.nvd, &(struct req_list_guests){ .guest = "" }, &w.why, &all));
	assert_int_equal(all.n, 1);
	assert_int_equal(all.v[0].state, VIEW_GUEST_REFUSED);
	assert_string_equal(all.v[0].reason, "device 0 of the domain is the volume b");
	view_guests_deinit(&all);
}

static void test_a_guest_that_is_gone_is_forgotten(void **state)
{
	settle();
	list("g1", "a");
	list("g2", "a");
	introduce(1, false);
	settle();
	introduce(2, false);
	settle();
	assert_non_null(guest_find(w.nvd.guests, 2));
	world_domain(&w, 2, false);
	bus_mem_domain(w.bus, 2, false);
	settle();
	assert_null(guest_find(w.nvd.guests, 2));
}

static int count(void *ctx, const struct event_fact *e)
{
	unsigned int *nr = ctx;

	*nr += !strcmp(e->kind, "map-failed") || !strcmp(e->kind, "device-refused");
	return 0;
}

static unsigned int told_of_failures(void)
{
	const struct store_events all = { .limit = UINT32_MAX };
	unsigned int nr = 0;

	must(store_events(w.store, &all, count, &nr));
	return nr;
}

/* Until guests that wait are looked at again; Return: how many maps were tried. */
static unsigned int tick(void)
{
	unsigned int tries = 0;
	struct op *op;

	guest_tick(&w.nvd);
	for (;;) {
		take_events();
		if (!guest_waits(&w.nvd) && !device_waits(&w.nvd))
			return tries;
		guest_step(&w.nvd);
		must(op_device_begin(&w.nvd, &w.why, &op));
		if (!op)
			continue;
		tries++;
		assert_string_not_equal(w.nvd.alarm[ALARM_DEVICE], "");
		(void)world_run(&w, op);
	}
}

static void test_what_the_hypervisor_refuses_is_tried_ever_more_rarely_and_told_once(void **state)
{
	const struct bus_mem_device *dev;
	unsigned int i, tries = 0;
	struct volume *v;
	uint32_t reports;

	settle();
	/* Where it was it will be again, and there is something now. */
	world_domain(&w, 9, true);
	must(request_map(&w, "a", 9));
	must(ledger_volume_find(w.nvd.ledger, "a", &w.why, &v));
	hv_mem_occupy(w.hv, v->mapping->fact.gfn);
	must(request_unmap(&w, "a"));
	list("g1", "a");
	introduce(1, false);
	settle();
	dev = bus_mem_device(w.bus, (struct device_key){ 1, 0 });
	assert_non_null(strstr(dev->report.error, "has something at guest address"));
	assert_int_equal(told_of_failures(), 2);
	reports = dev->reports;
	for (i = 0; i < 200; i++)
		tries += tick();
	/* After 1, 3, 7, 15, 31, 63, 63 ticks. */
	assert_in_range(tries, 5, 8);
	assert_int_equal(told_of_failures(), 2);
	assert_int_equal(dev->reports, reports);
	assert_true(world_is_held(&w, 1));

	hv_mem_occupy(w.hv, HV_NO_GFN);
	for (i = 0; i < 64; i++)
		(void)tick();
	assert_true(has(1, "a"));
	assert_false(world_is_held(&w, 1));
	assert_string_equal(dev->report.error, "");
	assert_string_equal(w.nvd.alarm[ALARM_DEVICE], "");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_the_hold_is_there_when_the_introduction_was_taken_in),
		TEST(test_a_guest_without_a_list_is_not_held),
		TEST(test_a_guest_just_introduced_is_held_even_if_it_ran_for_a_moment),
		TEST(test_a_guest_that_ran_before_nvdimmd_came_is_given_its_volume_and_not_held),
		TEST(test_until_all_devices_are_told_only_who_needs_nothing_is_let_go),
		TEST(test_a_number_that_is_another_domain_now_begins_anew),
		TEST(test_another_device_of_that_number_is_named),
		TEST(test_a_guest_that_is_gone_is_forgotten),
		TEST(test_what_the_hypervisor_refuses_is_tried_ever_more_rarely_and_told_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
