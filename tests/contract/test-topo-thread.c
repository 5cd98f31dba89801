/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test-topo-thread.c - a port below that takes as long as the test likes.
 */
#include "adapter/topo_thread.h"

#include <semaphore.h>
#include <stdatomic.h>
#include <string.h>
#include <time.h>

#include "tests/lib/cm.h"

struct slow {
	struct topo_port port;
	sem_t go;         /* posted once for each call that may end */
	atomic_int begun; /* take, release and clear */
	int loads;
	int r;
	bool freed;
};

static struct slow slow;
static struct topo_port *port;
static const struct nv_uuid a = { .b = { 1 } }, b = { .b = { 2 } };

static int slow_call(struct nv_why *why)
{
	atomic_fetch_add(&slow.begun, 1);
	while (sem_wait(&slow.go))
		;
	return slow.r ? nv_refuse(why, slow.r, "the answer is %d", slow.r) : 0;
}

static int slow_take(struct topo_port *p, const struct nv_uuid *id, bool again, struct nv_why *why)
{
	return slow_call(why);
}

static int slow_release(struct topo_port *p, const struct nv_uuid *id, struct nv_why *why)
{
	return slow_call(why);
}

static int slow_clear(struct topo_port *p, const struct nv_uuid *id, uint64_t offset, uint64_t nr, struct nv_why *why)
{
	return slow_call(why);
}

static int slow_load(struct topo_port *p, struct topo **ret)
{
	slow.loads++;
	return -ENODEV;
}

static void slow_free(struct topo_port *p)
{
	slow.freed = true;
}

static const struct topo_port_ops slow_ops = {
	.load = slow_load, .take = slow_take, .release = slow_release, .clear = slow_clear, .free = slow_free,
};

static int setup(void **state)
{
	memset(&slow, 0, sizeof(slow));
	slow.port.ops = &slow_ops;
	sem_init(&slow.go, 0, 0);
	return topo_thread_new(&slow.port, &port);
}

static int teardown(void **state)
{
	topo_port_freep(&port);
	assert_true(slow.freed);
	sem_destroy(&slow.go);
	return 0;
}

static uint64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static int take(const struct nv_uuid *id, struct nv_why *why)
{
	return topo_port_take(port, id, false, why);
}

/* Ask until there is an answer. */
static int take_to_the_end(const struct nv_uuid *id, struct nv_why *why)
{
	int r;

	do
		r = take(id, why);
	while (r == TOPO_MORE);
	return r;
}

static void test_nobody_waits_for_a_call_that_takes_long(void **state)
{
	struct nv_why why = { "" };
	uint64_t began = now_ms();
	int i;

	for (i = 0; i < 20; i++)
		assert_int_equal(take(&a, &why), TOPO_MORE);
	assert_true(now_ms() - began < 2000);
	assert_int_equal(slow.begun, 1);
	sem_post(&slow.go);
	assert_int_equal(take_to_the_end(&a, &why), 0);
	assert_int_equal(slow.begun, 1);
}

static void test_who_asks_again_and_again_does_not_spin(void **state)
{
	uint64_t began = now_ms();
	int i;

	for (i = 0; i < 100; i++)
		assert_int_equal(take(&a, NULL), TOPO_MORE);
	assert_true(now_ms() - began >= 100);
	sem_post(&slow.go);
	take_to_the_end(&a, NULL);
}

static void test_a_refusal_comes_with_its_sentence(void **state)
{
	struct nv_why why = { "" };

	slow.r = NV_E_POOL_BUSY;
	sem_post(&slow.go);
	assert_int_equal(take_to_the_end(&a, &why), NV_E_POOL_BUSY);
	assert_string_equal(why.text, "the answer is 16");
}

static void test_nothing_is_loaded_meanwhile(void **state)
{
	struct topo *t = NULL;

	assert_int_equal(topo_port_load(port, &t), -ENODEV);
	assert_int_equal(take(&a, NULL), TOPO_MORE);
	assert_int_equal(topo_port_load(port, &t), -EAGAIN);
	assert_int_equal(slow.loads, 1);
	sem_post(&slow.go);
	while (topo_port_load(port, &t) == -EAGAIN)
		;
	assert_int_equal(slow.loads, 2);
	assert_int_equal(take(&a, NULL), 0);
}

static void test_one_at_a_time_and_the_next_after_it(void **state)
{
	assert_int_equal(take(&a, NULL), TOPO_MORE);
	assert_int_equal(take(&b, NULL), TOPO_MORE);
	assert_int_equal(topo_port_release(port, &a, NULL), TOPO_MORE);
	assert_int_equal(topo_port_clear(port, &a, 0, 1, NULL), TOPO_MORE);
	assert_int_equal(slow.begun, 1);
	sem_post(&slow.go);
	sem_post(&slow.go);
	/* Nobody came back for the first one's result. */
	assert_int_equal(take_to_the_end(&b, NULL), 0);
	assert_int_equal(slow.begun, 2);
	sem_post(&slow.go);
	assert_int_equal(take_to_the_end(&a, NULL), 0);
	assert_int_equal(slow.begun, 3);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(test_nobody_waits_for_a_call_that_takes_long),
		T(test_who_asks_again_and_again_does_not_spin),
		T(test_a_refusal_comes_with_its_sentence),
		T(test_nothing_is_loaded_meanwhile),
		T(test_one_at_a_time_and_the_next_after_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
