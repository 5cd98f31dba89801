/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * bench-rangemap-absl.cc - the same map with abseil's btree_map.
 *
 * Paint descends once: what it inserts afterwards, it inserts by hint.
 */
#include <absl/container/btree_map.h>
#include <memory>

#include "tests/bench/bench-rangemap.h"

namespace
{

size_t absl_allocated;

/* std::allocator that counts what it was asked for. */
template <class T> struct Counting {
	using value_type = T;

	Counting() = default;
	template <class U> Counting(const Counting<U> &)
	{
	}
	T *allocate(size_t n)
	{
		absl_allocated += n * sizeof(T);
		return std::allocator<T>().allocate(n);
	}
	void deallocate(T *p, size_t n)
	{
		absl_allocated -= n * sizeof(T);
		std::allocator<T>().deallocate(p, n);
	}
	friend bool operator==(const Counting &, const Counting &)
	{
		return true;
	}
	friend bool operator!=(const Counting &, const Counting &)
	{
		return false;
	}
};

using Tree = absl::btree_map<uint64_t, uint32_t, std::less<uint64_t>,
			     Counting<std::pair<const uint64_t, uint32_t>>>;

struct Map {
	Tree tree;
	size_t before; /* what others had allocated */
};

Tree &tree_of(void *map)
{
	return static_cast<Map *>(map)->tree;
}

void *absl_make(void)
{
	Map *m = new Map;

	m->before = absl_allocated;
	m->tree.emplace(0, 0);
	return m;
}

void absl_destroy(void *map)
{
	delete static_cast<Map *>(map);
}

void paint(Tree &t, uint64_t start, uint64_t end, uint32_t tag)
{
	auto first = t.lower_bound(start), it = first;
	bool need_start = true, need_end;
	uint32_t at_end = 0;
	size_t out = 0;

	if (first != t.begin()) {
		auto before = first;
		at_end = (--before)->second;
		need_start = at_end != tag;
	}
	for (; it != t.end() && it->first <= end; ++it, out++)
		at_end = it->second;
	need_end = end < BENCH_END && at_end != tag;

	/* What stands where something must stand is only changed. */
	if (out && need_start && first->first == start) {
		first->second = tag;
		need_start = false;
		++first;
		out--;
	}
	if (out && need_end) {
		auto last = it;
		if ((--last)->first == end) {
			need_end = false;
			it = last;
			out--;
		}
	}

	if (out == 1)
		it = t.erase(first);
	else if (out)
		it = t.erase(first, it);
	if (need_end)
		it = t.emplace_hint(it, end, at_end);
	if (need_start)
		t.emplace_hint(it, start, tag);
}

void absl_paint(void *map, const struct bench_piece *p, size_t nr)
{
	Tree &t = tree_of(map);

	for (size_t i = 0; i < nr; i++)
		paint(t, p[i].start, p[i].end, p[i].tag);
}

uint32_t get(const Tree &t, uint64_t frame)
{
	return (--t.upper_bound(frame))->second;
}

uint64_t absl_lookup(void *map, const uint64_t *frame, size_t nr)
{
	const Tree &t = tree_of(map);
	uint64_t sum = 0;

	for (size_t i = 0; i < nr; i++)
		sum += get(t, frame[i]);
	return sum;
}

uint64_t absl_chain(void *map, const uint64_t *frame, size_t nr, uint64_t zero)
{
	const Tree &t = tree_of(map);
	uint64_t sum = 0;

	for (size_t i = 0; i < nr; i++)
		sum += get(t, frame[i] + (sum & zero));
	return sum;
}

/* At most @left ranges from @it on. */
uint64_t walk(const Tree &t, Tree::const_iterator it, size_t left)
{
	const auto last = t.end();
	uint64_t sum = 0;

	while (left-- && it != last) {
		uint64_t start = it->first;
		uint32_t tag = it->second;

		++it;
		sum += bench_seen(start, it == last ? BENCH_END : it->first,
				  tag);
	}
	return sum;
}

uint64_t absl_iterate(void *map)
{
	return walk(tree_of(map), tree_of(map).begin(), SIZE_MAX);
}

uint64_t absl_windows(void *map, const uint64_t *start, size_t nr)
{
	const Tree &t = tree_of(map);
	uint64_t sum = 0;

	for (size_t i = 0; i < nr; i++)
		sum += walk(t, --t.upper_bound(start[i]), BENCH_WINDOW);
	return sum;
}

size_t absl_bytes(void *map)
{
	return absl_allocated - static_cast<Map *>(map)->before +
	       sizeof(Tree);
}

}

extern "C" const struct bench_map bench_absl = {
	"btree_map",  absl_make,    absl_destroy, absl_paint, absl_lookup,
	absl_chain,   absl_iterate, absl_windows, absl_bytes,
};
