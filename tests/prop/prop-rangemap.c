/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * prop-rangemap.c - a range map and a plain array of tags, painted alike, stay
 * alike; whatever the order, wherever on the map, and when memory runs out.
 */
#include <assert.h>
#include <string.h>

#include "core/rangemap.h"
#include "tests/lib/prop.h"
#include "tests/lib/wrap-alloc.h"

#define FRAMES_MAX 16384u /* with a range each: three levels of nodes */
#define LIFE_MAX   4096u  /* paints of one map */
#define AROUND	   99u /* the tag of all that is not modelled */

/* The frames [base, base + frames) of the map, one tag each. */
struct model {
	uint64_t base;
	unsigned int frames;
	unsigned int tags;
	unsigned int longest;
	uint32_t tag[FRAMES_MAX];
	struct rangemap *m;
	unsigned int reserved;
};

#define must(x)                                                              \
	do {                                                                 \
		if (!(x)) {                                                  \
			fprintf(stderr, "%s:%d: not so: %s\n", __FILE__,     \
				__LINE__, #x);                               \
			abort();                                             \
		}                                                            \
	} while (0)

/*
 * Short paints make many ranges, long ones wipe out many leaves; two tags
 * merge most of the time, sixty hardly ever.
 */
static void model_begin(struct model *s, struct prop *p)
{
	static const unsigned int frames[] = { 1,   2,	 8,   8,    64,	       64,
					       200, 200, 800, 4096, FRAMES_MAX };
	static const unsigned int tags[] = { 1, 2, 2, 3, 60 };
	static const unsigned int longest[] = { 1, 3, 3, 10, FRAMES_MAX };
	unsigned int i;

	s->frames = frames[prop_below(p, NV_ARRAY_SIZE(frames))];
	s->tags = tags[prop_below(p, NV_ARRAY_SIZE(tags))];
	s->longest = NV_MIN(longest[prop_below(p, NV_ARRAY_SIZE(longest))],
			    s->frames);
	switch (prop_below(p, 3)) {
	case 0:
		s->base = 0;
		break;
	case 1:
		s->base = RANGEMAP_END - s->frames;
		break;
	default:
		s->base = 1 + prop_below(p, RANGEMAP_END - FRAMES_MAX - 1);
	}
	for (i = 0; i < s->frames; i++)
		s->tag[i] = AROUND;
	s->reserved = 0;
	must(rangemap_new(AROUND, &s->m) == 0);
}

/* Every other frame gets another tag, upwards, downwards or in strides. */
static void model_fill(struct model *s, struct prop *p)
{
	static const unsigned int strides[] = { 1, 7, 4099, FRAMES_MAX - 1 };
	unsigned int stride = strides[prop_below(p, NV_ARRAY_SIZE(strides))];
	unsigned int i, at;
	uint64_t mfn;

	for (i = 0; i < s->frames; i++) {
		at = (unsigned int)((uint64_t)i * stride % s->frames);
		if (at % 2)
			continue;
		mfn = s->base + at;
		must(rangemap_reserve(s->m, 1) == 0);
		rangemap_paint(s->m, mfn, mfn + 1, 1);
		s->tag[at] = 1;
	}
	must(rangemap_check(s->m));
}

/* The model's range around a frame of it, as the map must see it. */
static struct rangemap_range model_find(const struct model *s, unsigned int at)
{
	struct rangemap_range r = { .tag = s->tag[at] };
	unsigned int first = at, last = at;

	while (first > 0 && s->tag[first - 1] == r.tag)
		first--;
	while (last < s->frames - 1 && s->tag[last + 1] == r.tag)
		last++;
	r.start = first == 0 && r.tag == AROUND ? 0 : s->base + first;
	r.end = last == s->frames - 1 && r.tag == AROUND ?
			RANGEMAP_END :
			s->base + last + 1;
	return r;
}

static void check_frame(const struct model *s, unsigned int at)
{
	struct rangemap_range want = model_find(s, at);
	struct rangemap_range is = rangemap_find(s->m, s->base + at);

	must(rangemap_get(s->m, s->base + at) == s->tag[at]);
	must(is.start == want.start);
	must(is.end == want.end);
	must(is.tag == want.tag);
}

/* Every frame of [from, to) comes by once, in order, with its tag. */
static void check_window(const struct model *s, unsigned int from,
			 unsigned int to)
{
	struct rangemap_walk w =
		rangemap_walk(s->m, s->base + from, s->base + to);
	struct rangemap_range r = { 0 };
	uint64_t at = s->base + from;
	unsigned int i = from;

	while (rangemap_next(&w, &r)) {
		must(r.start == at && r.end > at && r.end <= s->base + to);
		must(i == from || r.tag != s->tag[i - 1]);
		for (; at < r.end; at++, i++)
			must(r.tag == s->tag[i]);
	}
	must(i == to);
}

static void reserve(struct model *s, struct prop *p)
{
	unsigned int paints = 1;
	int r;

	if (prop_below(p, 8) == 0)
		paints = 1 + (unsigned int)prop_below(p, 40);
	wrap_alloc_fail_at(prop_below(p, 4) == 0);
	r = rangemap_reserve(s->m, paints);
	must(r == (wrap_alloc_failed() ? -ENOMEM : 0));
	wrap_alloc_fail_at(0);
	if (r) {
		must(rangemap_check(s->m));
		r = rangemap_reserve(s->m, paints);
		must(r == 0);
	}
	s->reserved = paints;
}

/* Reserved paints need no memory: while painting, asking for some aborts. */
static void paint(struct model *s, struct prop *p)
{
	unsigned int nr, from, i;
	uint32_t tag;

	if (s->reserved == 0)
		reserve(s, p);
	s->reserved--;

	nr = (unsigned int)prop_below(p, s->longest + 1);
	if (prop_below(p, 1000) == 0)
		nr = s->frames;
	from = (unsigned int)prop_below(p, s->frames - nr + 1);
	tag = (uint32_t)prop_below(p, s->tags);
	if (prop_below(p, 3) == 0)
		tag = AROUND;

	wrap_alloc_forbid(true);
	rangemap_paint(s->m, s->base + from, s->base + from + nr, tag);
	wrap_alloc_forbid(false);
	for (i = from; i < from + nr; i++)
		s->tag[i] = tag;

	must(rangemap_check(s->m));
	check_frame(s, NV_MIN(from, s->frames - 1));
	check_frame(s, NV_MIN(from + nr, s->frames - 1));
	check_frame(s, (unsigned int)prop_below(p, s->frames));
}

static void check_all(const struct model *s, struct prop *p)
{
	unsigned int from = (unsigned int)prop_below(p, s->frames);

	check_window(s, 0, s->frames);
	check_window(s, from,
		     from + (unsigned int)prop_below(p, s->frames - from) + 1);
	if (s->base > 0)
		must(rangemap_get(s->m, s->base - 1) == AROUND);
	if (s->base + s->frames < RANGEMAP_END)
		must(rangemap_get(s->m, s->base + s->frames) == AROUND);
}

/* The @nth allocation fails: -ENOMEM comes back and nothing has changed. */
static bool survives(unsigned long nth)
{
	const uint64_t pieces = 2000;
	struct rangemap *m = (struct rangemap *)&pieces;
	uint64_t i;
	int r;

	wrap_alloc_fail_at(nth);
	r = rangemap_new(AROUND, &m);
	if (r) {
		must(r == -ENOMEM && wrap_alloc_failed());
		must(m == (struct rangemap *)&pieces);
		must(rangemap_new(AROUND, &m) == 0);
	}
	for (i = 0; i < pieces; i++) {
		r = rangemap_reserve(m, 1);
		if (r) {
			must(r == -ENOMEM && wrap_alloc_failed());
			must(rangemap_check(m));
			must(rangemap_count(m) == 2 * i + 1);
			must(rangemap_reserve(m, 1) == 0);
		}
		rangemap_paint(m, 2 * i + 1, 2 * i + 2, 1);
	}
	must(rangemap_check(m));
	must(rangemap_count(m) == 2 * pieces + 1);
	rangemap_free(m);
	return wrap_alloc_failed();
}

int main(int argc, char **argv)
{
	struct prop p = prop_begin(argc, argv);
	static struct model s;
	unsigned long nth = 1;
	uint64_t op, life = 0;

	while (survives(nth))
		nth++;
	must(nth > 10);
	wrap_alloc_fail_at(0);

	for (op = 0; op < p.ops; op++, life--) {
		if (life == 0) {
			rangemap_free(s.m);
			model_begin(&s, &p);
			if (s.frames == FRAMES_MAX || prop_below(&p, 4) == 0)
				model_fill(&s, &p);
			life = 1 + prop_below(&p, NV_MIN(4 * s.frames + 16,
							 LIFE_MAX));
		}
		paint(&s, &p);
		if (life % 128 == 1)
			check_all(&s, &p);
	}
	rangemap_free(s.m);
	printf("%s: %" PRIu64 " paints, %lu failed allocations\n", argv[0],
	       p.ops, nth - 1);
	return 0;
}
