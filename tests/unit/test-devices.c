/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test-devices.c - what becomes of guests' devices, on ports in memory.
 */
#include "tests/lib/cm.h"

#include <stdio.h>
#include <string.h>

#include "ops/op_device.h"
#include "tests/lib/requests.h"

#define MIB (1ull << 20)

static struct world w;

static int setup(void **state)
{
	world_init(&w);
	world_with_bus(&w);
	assert_int_equal(world_boot(&w), 0);
	assert_int_equal(request_pool(&w, "namespace0.0", "fast"), 0);
	assert_int_equal(request_volume(&w, "v0", 2 * MIB), 0);
	assert_int_equal(request_volume(&w, "v1", 2 * MIB), 0);
	world_domain(&w, 1, true);
	world_domain(&w, 2, true);
	bus_mem_domain(w.bus, 1, true);
	bus_mem_domain(w.bus, 2, true);
	return 0;
}

static int teardown(void **state)
{
	world_deinit(&w);
	return 0;
}

static void want(uint32_t domid, uint32_t devid, const char *volume)
{
	struct device_wish wish = { .state = DEVICE_INITIALISING, .online = true };

	snprintf(wish.volume, sizeof(wish.volume), "%s", volume);
	bus_mem_wish(w.bus, (struct device_key){ domid, devid }, &wish);
	world_devices(&w);
}

static const struct bus_mem_device *device(uint32_t domid, uint32_t devid)
{
	return bus_mem_device(w.bus, (struct device_key){ domid, devid });
}

static void leave(uint32_t domid, uint32_t devid)
{
	struct device_wish wish = device(domid, devid)->wish;

	wish.online = false;
	wish.state = DEVICE_CLOSING;
	bus_mem_wish(w.bus, (struct device_key){ domid, devid }, &wish);
	world_devices(&w);
}

static struct mapping *mapping(const char *name)
{
	struct volume *v;

	assert_int_equal(ledger_volume_find(w.nvd.ledger, name, NULL, &v), 0);
	return v->mapping;
}

struct told {
	const char *kind;
	unsigned int n;
};

static int on_entry(void *ctx, const struct event_fact *e)
{
	struct told *t = ctx;

	t->n += !strcmp(e->kind, t->kind);
	return 0;
}

/* Entries of the history of one kind. */
static unsigned int told(const char *kind)
{
	const struct store_events all = { .limit = UINT32_MAX };
	struct told t = { kind, 0 };

	assert_int_equal(store_events(w.store, &all, on_entry, &t), 0);
	return t.n;
}

static void test_a_wanted_device_is_mapped_and_connected(void **state)
{
	want(1, 0, "v0");
	assert_non_null(mapping("v0"));
	assert_int_equal(device(1, 0)->report.state, DEVICE_CONNECTED);
	assert_int_equal(device(1, 0)->report.size, 2 * MIB);
	assert_string_equal(device(1, 0)->report.error, "");
}

static void test_a_refused_one_is_closed_with_the_sentence(void **state)
{
	uint32_t refused;

	want(1, 0, "nope");
	assert_int_equal(device(1, 0)->report.state, DEVICE_CLOSED);
	assert_string_equal(device(1, 0)->report.error, "there is no volume 'nope'");
	assert_true(device_settled(&w.nvd, 1, &refused));
	assert_int_equal(refused, 1);
	/* Told once, not again and again. */
	assert_int_equal(device(1, 0)->reports, 1);
}

static void test_nothing_is_told_twice_for_nothing(void **state)
{
	uint32_t before;

	want(1, 0, "v0");
	before = device(1, 0)->reports;
	bus_mem_reconnect(w.bus);
	world_devices(&w);
	assert_int_equal(device(1, 0)->reports, before);
}

static void test_a_state_that_the_guest_writes_starts_nothing(void **state)
{
	struct device_front f = { .can_unmap = true, .answered = 7 };
	uint32_t before;

	want(1, 0, "v0");
	before = device(1, 0)->reports;
	for (f.state = DEVICE_UNKNOWN; f.state <= DEVICE_RECONFIGURED; f.state++) {
		bus_mem_front(w.bus, (struct device_key){ 1, 0 }, &f);
		assert_int_equal(world_devices(&w), 0);
	}
	assert_non_null(mapping("v0"));
	assert_int_equal(device(1, 0)->reports, before);
}

static void test_without_the_guests_consent_it_stays(void **state)
{
	want(1, 0, "v0");
	leave(1, 0);
	assert_non_null(mapping("v0"));
	assert_int_equal(device(1, 0)->report.state, DEVICE_CONNECTED);
	assert_non_null(strstr(device(1, 0)->report.error, "feature-unmap"));
	assert_int_equal(device(1, 0)->report.ask, 0);
	/* Asked anew, it is tried anew: the guest still cannot. */
	leave(1, 0);
	assert_non_null(mapping("v0"));
}

static void test_a_guest_that_does_not_answer_in_time_keeps_it(void **state)
{
	struct device_front f = { .can_unmap = true };

	want(1, 0, "v0");
	bus_mem_front(w.bus, (struct device_key){ 1, 0 }, &f);
	leave(1, 0);
	assert_non_null(mapping("v0"));
	assert_non_null(strstr(device(1, 0)->report.error, "no answer"));
}

static void test_force_asks_nobody(void **state)
{
	struct req_detach rq = { .volume = "v0", .force = true };
	struct op *op;

	want(1, 0, "v0");
	assert_int_equal(op_detach_begin(&w.nvd, &rq, &w.why, &op), 0);
	assert_int_equal(world_run_waiting(&w, op), 0);
	assert_null(mapping("v0"));
	assert_false(device(1, 0)->here);
}

static void test_a_guests_answer_lets_it_go(void **state)
{
	struct req_detach rq = { .domain = "1", .has_device = true };
	struct device_front f = { .can_unmap = true };
	struct op *op;

	want(1, 0, "v0");
	assert_int_equal(op_detach_begin(&w.nvd, &rq, &w.why, &op), 0);
	assert_int_equal(op_step(op, &w.why), OP_MORE);
	assert_true(op->waits);
	f.answered = device(1, 0)->report.ask;
	assert_int_not_equal(f.answered, 0);
	bus_mem_front(w.bus, (struct device_key){ 1, 0 }, &f);
	assert_int_equal(world_run_waiting(&w, op), 0);
	assert_null(mapping("v0"));
	assert_false(device(1, 0)->here);
}

static void test_a_domain_that_dies_keeps_its_nodes_until_its_memory_is_free(void **state)
{
	want(1, 0, "v0");
	world_domain(&w, 1, false);
	bus_mem_domain(w.bus, 1, false);
	/* The hypervisor's word for it has not been read yet. */
	world_devices(&w);
	assert_true(device(1, 0)->here);
	assert_int_equal(world_settle(&w), 0);
	world_devices(&w);
	assert_null(mapping("v0"));
	assert_false(device(1, 0)->here);
}

static void test_a_guest_that_reboots_waits_for_its_volume(void **state)
{
	want(1, 0, "v0");
	world_domain(&w, 1, false);
	bus_mem_domain(w.bus, 1, false);
	want(2, 0, "v0");
	assert_int_not_equal(device(2, 0)->report.state, DEVICE_CLOSED);
	assert_int_equal(world_settle(&w), 0);
	world_devices(&w);
	assert_int_equal(device(2, 0)->report.state, DEVICE_CONNECTED);
	assert_int_equal(mapping("v0")->fact.domid, 2);
}

static void test_a_removed_directory_takes_nothing_from_the_guest(void **state)
{
	want(1, 0, "v0");
	bus_mem_wish(w.bus, (struct device_key){ 1, 0 }, NULL);
	world_devices(&w);
	assert_non_null(mapping("v0"));
	assert_true(device(1, 0)->here);
	assert_int_equal(device(1, 0)->report.state, DEVICE_CONNECTED);
}

/* While nobody lived who would have seen it. */
static void test_a_directory_removed_between_two_lives_is_written_again(void **state)
{
	static const struct device_key key = { 1, 0 };
	unsigned int i;
	uint64_t id;

	want(1, 0, "v0");
	/* Mapped by a person, and no device. */
	assert_int_equal(request_map(&w, "v1", 1), 0);
	world_devices(&w);
	id = mapping("v0")->fact.id;
	for (i = 0; i < 3; i++) {
		world_end(&w);
		bus_mem_wish(w.bus, key, NULL);
		assert_int_equal(world_boot(&w), 0);
		world_devices(&w);
		assert_true(device(1, 0)->here);
		assert_int_equal(device(1, 0)->wish.state, DEVICE_CONNECTED);
		assert_string_equal(device(1, 0)->wish.volume, "v0");
		assert_int_equal(mapping("v0")->fact.id, id);
		assert_int_equal(told("device-removed"), i + 1);
		assert_non_null(mapping("v1"));
		assert_null(bus_mem_device(w.bus, (struct device_key){ 1, 1 }));
	}
	/* Once it is unmapped nobody asks for its directory any more. */
	assert_int_equal(request_unmap(&w, "v0"), 0);
	world_end(&w);
	bus_mem_wish(w.bus, key, NULL);
	assert_int_equal(world_boot(&w), 0);
	world_devices(&w);
	assert_false(device(1, 0)->here);
}

/* Its memory is on its way out: nobody is told that it is connected. */
static void test_a_device_that_was_being_unmapped_is_not_written_again(void **state)
{
	uint32_t reports;
	uint64_t call;

	for (call = 1; call < 12; call++) {
		want(1, 0, "v0");
		assert_non_null(mapping("v0"));
		reports = device(1, 0)->reports;
		w.faulty.plan[0] = (struct faulty_point){ w.faulty.calls + call, FAULTY_DIE };
		request_unmap(&w, "v0");
		memset(w.faulty.plan, 0, sizeof(w.faulty.plan));
		world_end(&w);
		bus_mem_wish(w.bus, (struct device_key){ 1, 0 }, NULL);
		assert_int_equal(world_boot(&w), 0);
		world_devices(&w);
		if (!mapping("v0") || mapping("v0")->fact.state == MAPPING_UNMAPPING)
			assert_int_equal(device(1, 0)->reports, reports);
		assert_int_equal(world_settle(&w), 0);
		world_devices(&w);
		assert_int_equal(device(1, 0)->here, mapping("v0") != NULL);
	}
}

static void test_a_directory_removed_with_its_domain_stays_away(void **state)
{
	want(1, 0, "v0");
	world_end(&w);
	bus_mem_wish(w.bus, (struct device_key){ 1, 0 }, NULL);
	world_domain(&w, 1, false);
	/* Another guest has the number by now. */
	world_domain(&w, 1, true);
	assert_int_equal(world_boot(&w), 0);
	world_devices(&w);
	assert_int_equal(world_settle(&w), 0);
	world_devices(&w);
	assert_false(device(1, 0)->here);
	assert_null(mapping("v0"));
}

static void test_a_new_life_comes_to_the_same_conclusions(void **state)
{
	uint32_t refused, reports;
	uint64_t id;

	want(1, 0, "v0");
	want(1, 1, "nope");
	id = mapping("v0")->fact.id;
	reports = device(1, 0)->reports;
	assert_int_equal(world_boot(&w), 0);
	world_devices(&w);
	assert_int_equal(mapping("v0")->fact.id, id);
	/* Which were written down already. */
	assert_int_equal(device(1, 0)->reports, reports);
	assert_int_equal(device(1, 0)->report.state, DEVICE_CONNECTED);
	assert_int_equal(device(1, 1)->wish.state, DEVICE_CLOSED);
	assert_true(device_settled(&w.nvd, 1, &refused));
	assert_int_equal(refused, 1);
}

static void test_what_was_told_while_nobody_listened_arrives_later(void **state)
{
	struct req_attach rq = { .domain = "1", .volume = "v1" };
	struct op *op;

	world_devices(&w);
	assert_int_equal(op_attach_begin(&w.nvd, &rq, &w.why, &op), 0);
	bus_mem_down(w.bus);
	assert_int_equal(world_run(&w, op), 0);
	world_devices(&w);
	assert_non_null(mapping("v1"));
	bus_mem_reconnect(w.bus);
	world_devices(&w);
	assert_int_equal(device(1, 0)->wish.state, DEVICE_CONNECTED);
}

static const char *xenstore_alarm(void)
{
	bus_look(w.bus);
	world_devices(&w);
	return w.nvd.alarm[ALARM_XENSTORE];
}

static void test_a_xenstored_that_hangs_is_an_alarm_until_it_answers(void **state)
{
	assert_string_equal(xenstore_alarm(), "");
	bus_mem_hang(w.bus, true);
	assert_non_null(strstr(xenstore_alarm(), "not followed: it does not answer"));
	/* The connection breaks meanwhile: so it is not over with an answer. */
	bus_mem_down(w.bus);
	xenstore_alarm();
	bus_mem_hang(w.bus, false);
	assert_non_null(strstr(xenstore_alarm(), "not followed: the connection broke"));
	bus_mem_reconnect(w.bus);
	assert_string_equal(xenstore_alarm(), "");
	bus_mem_hang(w.bus, true);
	assert_non_null(strstr(xenstore_alarm(), "it does not answer"));
	bus_mem_hang(w.bus, false);
	assert_string_equal(xenstore_alarm(), "");
}

static void test_an_unmap_by_a_person_closes_the_device(void **state)
{
	want(1, 0, "v0");
	assert_int_equal(request_unmap(&w, "v0"), 0);
	world_devices(&w);
	assert_int_equal(device(1, 0)->report.state, DEVICE_CLOSED);
	assert_string_equal(device(1, 0)->report.error, "");
	/* Who wants it again says so. */
	want(1, 0, "v0");
	assert_int_equal(device(1, 0)->report.state, DEVICE_CONNECTED);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_a_wanted_device_is_mapped_and_connected),
		T(test_a_refused_one_is_closed_with_the_sentence),
		T(test_nothing_is_told_twice_for_nothing),
		T(test_a_state_that_the_guest_writes_starts_nothing),
		T(test_without_the_guests_consent_it_stays),
		T(test_a_guest_that_does_not_answer_in_time_keeps_it),
		T(test_force_asks_nobody),
		T(test_a_guests_answer_lets_it_go),
		T(test_a_domain_that_dies_keeps_its_nodes_until_its_memory_is_free),
		T(test_a_guest_that_reboots_waits_for_its_volume),
		T(test_a_removed_directory_takes_nothing_from_the_guest),
		T(test_a_directory_removed_between_two_lives_is_written_again),
		T(test_a_device_that_was_being_unmapped_is_not_written_again),
		T(test_a_directory_removed_with_its_domain_stays_away),
		T(test_a_new_life_comes_to_the_same_conclusions),
		T(test_what_was_told_while_nobody_listened_arrives_later),
		T(test_a_xenstored_that_hangs_is_an_alarm_until_it_answers),
		T(test_an_unmap_by_a_person_closes_the_device),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
