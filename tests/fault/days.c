/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * tests/fault/days.c - a working day of the daemon, lived again and again.
 */
#include "tests/fault/days.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "tests/lib/prop.h"
#include "tests/lib/wrap-alloc.h"

/* Who goes wrong in so many ways is not asked for more of them. */
#define BAD_ENOUGH 20

/* A fault makes a day longer: the second may be in what the first brings about. */
#define CALLS_MORE 40

/* ---- one day ---- */

void day_wrong(struct day *d, const char *what, const char *fmt, ...)
{
	va_list args;
	int n;

	if (day_failed(d))
		return;
	n = snprintf(d->failure, sizeof(d->failure), "%s: ", what);
	if (n >= (int)sizeof(d->failure))
		return;
	va_start(args, fmt);
	vsnprintf(d->failure + n, sizeof(d->failure) - (size_t)n, fmt, args);
	va_end(args);
}

void day_revive(struct day *d)
{
	int i;

	for (i = 0; i < 8 && (!d->w.alive || d->w.faulty.dead); i++)
		world_boot(&d->w);
	if (!d->w.alive)
		day_wrong(d, "start", "not in eight tries: %s", d->w.why.text);
}

enum told day_told(struct day *d, const char *what, int r)
{
	size_t len = strlen(d->trail);
	bool dead = d->w.faulty.dead;

	snprintf(d->trail + len, sizeof(d->trail) - len, "\n  %s: %d%s %s", what, r, dead ? " (died)" : "",
		 r ? d->w.why.text : "");
	if (dead)
		return TOLD_NOTHING;
	if (!r) {
		d->requests_ok++;
		return TOLD_DONE;
	}
	return r < 0 || r == NV_E_HYPERVISOR ? TOLD_NOTHING : TOLD_REFUSED;
}

/* ---- all days ---- */

/* What was learned of one day. */
struct lived {
	uint64_t calls;
	uint32_t requests_ok;
	bool held;	 /* what must be true is */
	bool memory_out; /* the allocation that was to fail was met */
};

static struct lived live(const struct days *days, const struct trouble *trouble)
{
	struct day *d = days->dawn();
	struct lived lived;
	int r;

	d->trouble = *trouble;
	memcpy(d->w.faulty.plan, trouble->calls, sizeof(d->w.faulty.plan));
	day_revive(d);
	wrap_alloc_fail_at(trouble->allocation);
	if (!day_failed(d))
		days->pass(d);
	lived.memory_out = wrap_alloc_failed();
	wrap_alloc_fail_at(0);

	/* The next start, on which nothing goes wrong. */
	d->w.faulty.off = true;
	r = day_failed(d) ? 0 : world_boot(&d->w);
	if (r)
		day_wrong(d, "the next start", "%d: %s", r, d->w.why.text);
	if (!day_failed(d))
		days->check(d);
	lived.calls = d->w.faulty.calls;
	lived.requests_ok = d->requests_ok;
	lived.held = !day_failed(d);
	if (!lived.held || day_is_quiet(d))
		printf("the day:%s\n", d->trail);
	if (!lived.held)
		printf("  %s\n", d->failure);
	world_deinit(&d->w);
	return lived;
}

/* Return: was it as it must be? If not, it is said how to see it again. */
static bool holds(const struct days *days, const struct trouble *t)
{
	static const char *const kinds[] = { "fails", "lies", "dies before", "dies after" };
	int i;

	if (live(days, t).held)
		return true;
	for (i = 0; i < 2; i++)
		if (t->calls[i].call)
			printf("call %" PRIu64 " %s (%d); ", t->calls[i].call, kinds[t->calls[i].kind],
			       t->calls[i].kind);
	printf("\n");
	return false;
}

/* Return: how many ended badly. Here as below. */
static uint64_t live_alone(const struct days *days, uint64_t calls)
{
	struct trouble t = { .allocation = 0 };
	uint64_t n, bad = 0;
	int k;

	for (n = 1; n <= calls; n++)
		for (k = 0; k < FAULTY_KINDS; k++) {
			t.calls[0] = (struct faulty_point){ n, (enum faulty_kind)k };
			bad += !holds(days, &t);
		}
	printf("alone: %" PRIu64 " days, %" PRIu64 " ended badly\n", calls * FAULTY_KINDS, bad);
	return bad;
}

static uint64_t live_without_memory(const struct days *days)
{
	struct trouble t = { .allocation = 0 };
	struct lived lived;
	uint64_t bad = 0;

	do {
		t.allocation++;
		lived = live(days, &t);
		if (!lived.held) {
			printf("allocation %lu fails\n", t.allocation);
			bad++;
		}
	} while (lived.memory_out && bad < BAD_ENOUGH);
	printf("%lu allocations fail, one a day; %" PRIu64 " ended badly\n", t.allocation - 1, bad);
	return bad;
}

static uint64_t live_in_pairs(const struct days *days, struct prop *prop, uint64_t pairs, uint64_t calls)
{
	struct trouble t = { .allocation = 0 };
	uint64_t n, bad = 0;
	int k;

	for (n = 0; n < pairs && bad < BAD_ENOUGH; n++) {
		for (k = 0; k < 2; k++)
			t.calls[k] = (struct faulty_point){ 1 + prop_below(prop, calls + CALLS_MORE),
							    (enum faulty_kind)prop_below(prop, FAULTY_KINDS) };
		bad += !holds(days, &t);
	}
	printf("in pairs: %" PRIu64 " days, %" PRIu64 " ended badly\n", n, bad);
	return bad;
}

int days_main(const struct days *days, int argc, char **argv)
{
	struct prop prop = prop_begin(argc, argv);
	struct trouble t = { .allocation = 0 };
	struct lived quiet;
	uint64_t bad;
	int k;

	if (argc == 5) {
		for (k = 0; k < 2; k++)
			t.calls[k] = (struct faulty_point){ strtoull(argv[1 + 2 * k], NULL, 0),
							    (enum faulty_kind)(argv[2 + 2 * k][0] - '0') };
		return holds(days, &t) ? 0 : 1;
	}
	quiet = live(days, &t);
	printf("the day has %" PRIu64 " outside calls, %u requests succeed\n", quiet.calls, quiet.requests_ok);
	if (!quiet.held || quiet.requests_ok < days->requests_ok) {
		printf("without any fault: %s\n", quiet.held ? "requests were refused" : "see above");
		return 1;
	}
	bad = live_alone(days, quiet.calls);
	bad += live_without_memory(days);
	bad += live_in_pairs(days, &prop, argc > 1 ? prop.ops : prop.ops / days->ops_a_pair, quiet.calls);
	return bad ? 1 : 0;
}
