/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test-rangemap.c - every frame has one tag, and neighbours with equal tags
 * are one range.
 */
#include "core/rangemap-node.h"
#include "tests/lib/cm.h"

enum { FREE = 7, A, B };

static void paint(struct rangemap *m, uint64_t start, uint64_t end,
		  uint32_t tag)
{
	assert_int_equal(rangemap_reserve(m, 1), 0);
	rangemap_paint(m, start, end, tag);
	assert_true(rangemap_check(m));
}

static struct rangemap *new_map(void)
{
	struct rangemap *m;

	assert_int_equal(rangemap_new(FREE, &m), 0);
	assert_true(rangemap_check(m));
	return m;
}

static void assert_range(struct rangemap_range r, uint64_t start, uint64_t end,
			 uint32_t tag)
{
	assert_int_equal(r.start, start);
	assert_int_equal(r.end, end);
	assert_int_equal(r.tag, tag);
}

static void test_new_map_is_one_range(void **state)
{
	nv_cleanup(rangemap_freep) struct rangemap *m = new_map();

	assert_int_equal(rangemap_count(m), 1);
	assert_int_equal(rangemap_get(m, 0), FREE);
	assert_int_equal(rangemap_get(m, RANGEMAP_END - 1), FREE);
	assert_range(rangemap_find(m, 1234), 0, RANGEMAP_END, FREE);
}

static void test_paint_in_the_middle_makes_three(void **state)
{
	nv_cleanup(rangemap_freep) struct rangemap *m = new_map();

	paint(m, 100, 200, A);
	assert_int_equal(rangemap_count(m), 3);
	assert_range(rangemap_find(m, 99), 0, 100, FREE);
	assert_range(rangemap_find(m, 100), 100, 200, A);
	assert_range(rangemap_find(m, 199), 100, 200, A);
	assert_range(rangemap_find(m, 200), 200, RANGEMAP_END, FREE);
}

static void test_painting_back_makes_one_again(void **state)
{
	nv_cleanup(rangemap_freep) struct rangemap *m = new_map();

	paint(m, 100, 200, A);
	paint(m, 100, 200, FREE);
	assert_int_equal(rangemap_count(m), 1);
}

static void test_paint_over_two_pieces_leaves_one(void **state)
{
	nv_cleanup(rangemap_freep) struct rangemap *m = new_map();

	paint(m, 100, 200, A);
	paint(m, 300, 400, A);
	paint(m, 150, 350, A);
	assert_int_equal(rangemap_count(m), 3);
	assert_range(rangemap_find(m, 250), 100, 400, A);
}

static void test_touching_pieces_merge_on_either_side(void **state)
{
	nv_cleanup(rangemap_freep) struct rangemap *m = new_map();

	paint(m, 100, 200, A);
	paint(m, 200, 300, A);
	assert_range(rangemap_find(m, 100), 100, 300, A);
	paint(m, 50, 100, A);
	assert_range(rangemap_find(m, 100), 50, 300, A);
	paint(m, 400, 500, A);
	paint(m, 300, 400, A);
	assert_range(rangemap_find(m, 100), 50, 500, A);
	assert_int_equal(rangemap_count(m), 3);
}

static void test_other_tags_do_not_merge(void **state)
{
	nv_cleanup(rangemap_freep) struct rangemap *m = new_map();

	paint(m, 100, 200, A);
	paint(m, 200, 300, B);
	assert_int_equal(rangemap_count(m), 4);
	assert_range(rangemap_find(m, 199), 100, 200, A);
	assert_range(rangemap_find(m, 200), 200, 300, B);
}

static void test_same_tag_again_changes_nothing(void **state)
{
	nv_cleanup(rangemap_freep) struct rangemap *m = new_map();

	paint(m, 100, 200, A);
	paint(m, 120, 180, A);
	paint(m, 100, 200, A);
	paint(m, 0, 50, FREE);
	paint(m, 300, RANGEMAP_END, FREE);
	assert_int_equal(rangemap_count(m), 3);
	assert_range(rangemap_find(m, 150), 100, 200, A);
}

static void test_empty_paint_changes_nothing(void **state)
{
	nv_cleanup(rangemap_freep) struct rangemap *m = new_map();

	paint(m, 0, 0, A);
	paint(m, 100, 100, A);
	paint(m, RANGEMAP_END, RANGEMAP_END, A);
	assert_int_equal(rangemap_count(m), 1);
}

static void test_both_ends_of_the_map_can_be_painted(void **state)
{
	nv_cleanup(rangemap_freep) struct rangemap *m = new_map();

	paint(m, 0, 1, A);
	paint(m, RANGEMAP_END - 1, RANGEMAP_END, B);
	assert_int_equal(rangemap_count(m), 3);
	assert_range(rangemap_find(m, 0), 0, 1, A);
	assert_range(rangemap_find(m, 1), 1, RANGEMAP_END - 1, FREE);
	assert_range(rangemap_find(m, RANGEMAP_END - 1), RANGEMAP_END - 1,
		     RANGEMAP_END, B);
	paint(m, 0, RANGEMAP_END, A);
	assert_int_equal(rangemap_count(m), 1);
}

static void test_every_tag_value_is_a_tag(void **state)
{
	nv_cleanup(rangemap_freep) struct rangemap *m = new_map();

	paint(m, 10, 20, 0);
	paint(m, 20, 30, UINT32_MAX);
	assert_int_equal(rangemap_get(m, 10), 0);
	assert_int_equal(rangemap_get(m, 20), UINT32_MAX);
}

/* Enough pieces for several levels. A prime, and one below a multiple of 4. */
#define PIECES 99991ull

enum order { UPWARDS, DOWNWARDS, AT_RANDOM };

/* The @i-th piece: as a permutation, the quadratic residues look random. */
static uint64_t piece(enum order order, uint64_t i)
{
	if (order == UPWARDS)
		return i;
	if (order == DOWNWARDS)
		return PIECES - 1 - i;
	return i <= PIECES / 2 ? i * i % PIECES : PIECES - i * i % PIECES;
}

static void paint_pieces(struct rangemap *m, enum order order)
{
	uint64_t i, at;

	for (i = 0; i < PIECES; i++) {
		at = piece(order, i) * 4;
		assert_int_equal(rangemap_reserve(m, 1), 0);
		rangemap_paint(m, at + 1, at + 3, A);
	}
	assert_true(rangemap_check(m));
	assert_int_equal(rangemap_count(m), 2 * PIECES + 1);
}

static void test_many_pieces_are_all_found(void **state)
{
	enum order order;

	for (order = UPWARDS; order <= AT_RANDOM; order++) {
		nv_cleanup(rangemap_freep) struct rangemap *m = new_map();
		uint64_t i;

		paint_pieces(m, order);
		for (i = 0; i < PIECES; i++) {
			assert_range(rangemap_find(m, i * 4 + 2), i * 4 + 1,
				     i * 4 + 3, A);
			assert_int_equal(rangemap_get(m, i * 4 + 3), FREE);
		}
	}
}

static void test_a_paint_over_everything_leaves_one_range(void **state)
{
	nv_cleanup(rangemap_freep) struct rangemap *m = new_map();

	paint_pieces(m, AT_RANDOM);
	paint(m, 2, PIECES * 4, B);
	assert_int_equal(rangemap_count(m), 4);
	paint(m, 0, RANGEMAP_END, FREE);
	assert_int_equal(rangemap_count(m), 1);
	paint_pieces(m, AT_RANDOM);
}

static void test_painting_whole_ranges_needs_no_node(void **state)
{
	nv_cleanup(rangemap_freep) struct rangemap *m = new_map();
	struct rangemap_range r;
	uint64_t at;
	uint32_t live;

	paint_pieces(m, AT_RANDOM);
	for (at = 0; at < RANGEMAP_END; at = r.end) {
		r = rangemap_find(m, at);
		live = m->live;
		rangemap_paint(m, r.start, r.end, r.tag + 2);
		assert_true(m->live <= live);
	}
	assert_true(rangemap_check(m));
	assert_int_equal(rangemap_count(m), 2 * PIECES + 1);
}

static void test_a_walk_sees_every_range_once_in_order(void **state)
{
	nv_cleanup(rangemap_freep) struct rangemap *m = new_map();
	struct rangemap_walk w;
	struct rangemap_range r;
	uint64_t at = 0, nr = 0;

	paint_pieces(m, AT_RANDOM);
	w = rangemap_walk(m, 0, RANGEMAP_END);
	while (rangemap_next(&w, &r)) {
		assert_int_equal(r.start, at);
		assert_true(r.end > r.start);
		assert_int_equal(r.tag, nr % 2 ? A : FREE);
		at = r.end;
		nr++;
	}
	assert_int_equal(at, RANGEMAP_END);
	assert_int_equal(nr, rangemap_count(m));
	assert_false(rangemap_next(&w, &r));
}

static void test_a_walk_is_clipped_to_its_window(void **state)
{
	nv_cleanup(rangemap_freep) struct rangemap *m = new_map();
	struct rangemap_walk w;
	struct rangemap_range r;

	paint(m, 100, 200, A);
	w = rangemap_walk(m, 150, 250);
	assert_true(rangemap_next(&w, &r));
	assert_range(r, 150, 200, A);
	assert_true(rangemap_next(&w, &r));
	assert_range(r, 200, 250, FREE);
	assert_false(rangemap_next(&w, &r));

	w = rangemap_walk(m, 120, 130);
	assert_true(rangemap_next(&w, &r));
	assert_range(r, 120, 130, A);
	assert_false(rangemap_next(&w, &r));

	w = rangemap_walk(m, 120, 120);
	assert_false(rangemap_next(&w, &r));
}

/*
 * The last node of a level may have a single entry. Taking back the last
 * piece, and half of it, finds it so at every size.
 */
static void test_the_last_piece_comes_and_goes_at_every_size(void **state)
{
	nv_cleanup(rangemap_freep) struct rangemap *m = new_map();
	uint64_t i;

	for (i = 0; i < 4 * 2000; i += 4) {
		paint(m, i + 1, i + 2, A);
		paint(m, i + 2, i + 3, B);
		paint(m, i + 2, i + 3, A);
		paint(m, i + 1, i + 3, FREE);
		assert_int_equal(rangemap_count(m), i / 2 + 1);
		paint(m, i + 1, i + 3, A);
		paint(m, i + 2, i + 3, B);
		paint(m, i + 2, RANGEMAP_END, FREE);
	}
}

static void test_painting_in_order_takes_at_most_14_bytes_per_range(void **state)
{
	nv_cleanup(rangemap_freep) struct rangemap *m = new_map();

	paint_pieces(m, UPWARDS);
	assert_true(rangemap_bytes(m) <= 14 * rangemap_count(m));
}

static void test_painting_at_random_takes_at_most_18_bytes_per_range(void **state)
{
	nv_cleanup(rangemap_freep) struct rangemap *m = new_map();

	paint_pieces(m, AT_RANDOM);
	assert_true(rangemap_bytes(m) <= 18 * rangemap_count(m));
}

static void test_nothing_is_as_good_as_a_map_to_free(void **state)
{
	assert_null(rangemap_free(NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_new_map_is_one_range),
		cmocka_unit_test(test_paint_in_the_middle_makes_three),
		cmocka_unit_test(test_painting_back_makes_one_again),
		cmocka_unit_test(test_paint_over_two_pieces_leaves_one),
		cmocka_unit_test(test_touching_pieces_merge_on_either_side),
		cmocka_unit_test(test_other_tags_do_not_merge),
		cmocka_unit_test(test_same_tag_again_changes_nothing),
		cmocka_unit_test(test_empty_paint_changes_nothing),
		cmocka_unit_test(test_both_ends_of_the_map_can_be_painted),
		cmocka_unit_test(test_every_tag_value_is_a_tag),
		cmocka_unit_test(test_many_pieces_are_all_found),
		cmocka_unit_test(test_a_paint_over_everything_leaves_one_range),
		cmocka_unit_test(test_painting_whole_ranges_needs_no_node),
		cmocka_unit_test(test_a_walk_sees_every_range_once_in_order),
		cmocka_unit_test(test_a_walk_is_clipped_to_its_window),
		cmocka_unit_test(test_the_last_piece_comes_and_goes_at_every_size),
		cmocka_unit_test(test_painting_in_order_takes_at_most_14_bytes_per_range),
		cmocka_unit_test(test_painting_at_random_takes_at_most_18_bytes_per_range),
		cmocka_unit_test(test_nothing_is_as_good_as_a_map_to_free),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
