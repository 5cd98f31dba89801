/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* guest/command.c - the commands, one function each. */
#include "guest.h"

#include "../pattern.h"

#include <public/nvdimm.h>
#include <xen/sched.h>

struct request {
	const char *verb;
	uint64_t n[4];     /* its numbers, in order */
	unsigned int nr;   /* how many were given */
	uint64_t page;     /* through pages of this size */
};

struct command {
	const char *verb;
	const char *usage;
	unsigned int numbers;
	void (*run)(const struct request *q);
};

/* A walk over [gpa, gpa + size), word by word. */
struct walk {
	uint64_t gpa, page, left, offset, span;
	volatile uint64_t *at;
};

static void walk_begin(struct walk *w, const struct request *q)
{
	*w = (struct walk){ .gpa = q->n[0], .page = q->page, .left = q->n[1] };
}

/* Return: false at the end; else w->at and w->offset are the next word's. */
static bool walk_next(struct walk *w)
{
	if (w->left < 8)
		return false;
	if (w->at) {
		w->at++;
		w->offset += 8;
		w->span -= 8;
	}
	if (!w->span)
		w->at = window_map(w->gpa + w->offset, w->page, &w->span);
	w->left -= 8;
	return true;
}

static void done_at(const struct request *q, const struct walk *w)
{
	trap_report();
	say("error verb=%s trapped gpa=%x offset=%x", q->verb, w->gpa + w->offset, w->offset);
}

static void run_fill(const struct request *q)
{
	struct walk w;

	walk_begin(&w, q);
	while (walk_next(&w))
		if (access_write(w.at, pattern_word(q->n[2], w.offset)))
			return done_at(q, &w);
	say("done verb=fill gpa=%x size=%x seed=%u", q->n[0], q->n[1], q->n[2]);
}

static void run_verify(const struct request *q)
{
	uint64_t bad = 0, first = 0, got = 0, word;
	struct walk w;

	walk_begin(&w, q);
	while (walk_next(&w)) {
		if (access_read(w.at, &word))
			return done_at(q, &w);
		if (word == pattern_word(q->n[2], w.offset))
			continue;
		if (!bad++) {
			first = w.offset;
			got = word;
		}
	}
	if (bad)
		say("error verb=verify bad=%u first=%x got=%x want=%x", bad, first,
		    got, pattern_word(q->n[2], first));
	else
		say("done verb=verify gpa=%x size=%x seed=%u", q->n[0], q->n[1], q->n[2]);
}

static void run_sum(const struct request *q)
{
	uint64_t sum = 0, word;
	struct walk w;

	walk_begin(&w, q);
	while (walk_next(&w)) {
		if (access_read(w.at, &word))
			return done_at(q, &w);
		sum = pattern_sum(sum, word);
	}
	say("done verb=sum gpa=%x size=%x sum=%x", q->n[0], q->n[1], sum);
}

static void run_read(const struct request *q)
{
	uint64_t span, word;

	if (access_read(window_map(q->n[0], q->page, &span), &word)) {
		trap_report();
		say("error verb=read trapped gpa=%x", q->n[0]);
		return;
	}
	say("done verb=read gpa=%x value=%x", q->n[0], word);
}

static void run_write(const struct request *q)
{
	uint64_t span;

	if (access_write(window_map(q->n[0], q->page, &span), q->n[1])) {
		trap_report();
		say("error verb=write trapped gpa=%x", q->n[0]);
		return;
	}
	say("done verb=write gpa=%x value=%x", q->n[0], q->n[1]);
}

/* Random aligned 4 KiB reads, in TSC ticks: gpa, size, count. */
static void run_random(const struct request *q)
{
	uint64_t pages = q->n[1] >> 12, i, j, sum = 0, word, span, start = cpu_tsc();
	volatile uint64_t *base = window_map(q->n[0], q->page, &span);

	for (i = 0; i < q->n[2] && pages; i++) {
		volatile uint64_t *p = base + (pattern_word(1, i * 8) % pages) * 512;

		for (j = 0; j < 512; j++) {
			if (access_read(p + j, &word)) {
				trap_report();
				say("error verb=random trapped");
				return;
			}
			sum += word;
		}
	}
	say("done verb=random reads=%u ticks=%u sum=%x", i, cpu_tsc() - start, sum);
}

/* Verify over and over until something is typed. */
static void run_watch(const struct request *q)
{
	uint64_t passes = 0, word;
	struct walk w;

	while (!xen_typed()) {
		walk_begin(&w, q);
		while (walk_next(&w)) {
			if (access_read(w.at, &word))
				return done_at(q, &w);
			if (word != pattern_word(q->n[2], w.offset)) {
				say("error verb=watch pass=%u offset=%x got=%x", passes,
				    w.offset, word);
				return;
			}
		}
		passes++;
	}
	say("done verb=watch passes=%u", passes);
}

/* Two vCPUs read a word each, at once. */
static void run_both(const struct request *q)
{
	const volatile void *mine = window_page(0, q->n[0]);
	uint64_t word = 0, other, first, second;

	if (!second_read(window_page(1, q->n[1]))) {
		say("error verb=both");
		return;
	}
	first = access_read(mine, &word);
	second = second_await(&other);
	trap_report();
	say("done verb=both first=%u second=%u value=%x other=%x", first, second, word, other);
}

/* vCPU 1 goes offline, as in "echo 0 >online". */
static void run_leave(const struct request *q)
{
	(void)q;
	say(second_leave() ? "done verb=leave" : "error verb=leave");
}

static void run_tally(const struct request *q)
{
	if (tally_begin(q->n[0], q->n[1]))
		say("done verb=tally");
	else
		say("error verb=tally too many pages");
}

static void run_tallied(const struct request *q)
{
	tally_say();
}

static void run_keep(const struct request *q)
{
	trap_keep(q->n[0]);
	say("done verb=keep");
}

static void run_clear(const struct request *q)
{
	trap_clear();
	say("done verb=clear");
}

static void run_banks(const struct request *q)
{
	trap_banks();
	say("done verb=banks");
}

/* What the guest itself may know of memory types: MTRRs and the PAT. */
static void run_types(const struct request *q)
{
	uint32_t vendor[4], size[4];
	uint64_t cr0, cap = cpu_rdmsr(0xfe);
	unsigned int i;

	cpu_cpuid(0, vendor);
	cpu_cpuid(0x80000008, size);
	__asm__ volatile("mov %%cr0, %0" : "=r"(cr0));
	say("types cr0=%x pat=%x mtrr_cap=%x mtrr_default=%x maxphys=%u largest=%x vendor=%x",
	    cr0, cpu_rdmsr(0x277), cap, cpu_rdmsr(0x2ff), (uint64_t)(size[0] & 0xff),
	    window_largest(), (uint64_t)vendor[1]);
	for (i = 0; i < (cap & 0xff); i++)
		if (cpu_rdmsr(0x201 + 2 * i) & 0x800)
			say("mtrr %u base=%x mask=%x", (uint64_t)i,
			    cpu_rdmsr(0x200 + 2 * i), cpu_rdmsr(0x201 + 2 * i));
	say("done verb=types");
}

/* Say done first: nothing can be said after. */
static void run_poweroff(const struct request *q)
{
	say("done verb=poweroff");
	xen_shutdown(SHUTDOWN_poweroff);
}

static void run_reboot(const struct request *q)
{
	say("done verb=reboot");
	xen_shutdown(SHUTDOWN_reboot);
}

static void run_crash(const struct request *q)
{
	say("done verb=crash");
	xen_shutdown(SHUTDOWN_crash);
}

/* The operand of an instruction that Xen emulates. */
static void run_out(const struct request *q)
{
	uint64_t span;

	if (access_out(window_map(q->n[0], q->page, &span))) {
		trap_report();
		say("error verb=out trapped gpa=%x", q->n[0]);
		return;
	}
	say("done verb=out gpa=%x", q->n[0]);
}

/* Ask Xen for nvdimm_op's get_info, which is none of a guest's business. */
static void run_nvdimm(const struct request *q)
{
	struct xen_nvdimm_info info;
	long r = xen_hypercall(__HYPERVISOR_nvdimm_op, XEN_NVDIMM_get_info,
			       (unsigned long)&info, sizeof(info));

	say("done verb=nvdimm errno=%u", (uint64_t)(r < 0 ? -r : 0));
}

/* Answer each number that appears in the first word with the TSC; see "labtool tsc". */
static void run_tsc(const struct request *q)
{
	uint64_t span, i;
	volatile uint64_t *p = window_map(q->n[0], q->page, &span);

	for (i = 1; i <= q->n[1]; i++) {
		while (p[0] != i)
			__asm__ volatile("pause");
		p[1] = cpu_tsc();
		p[2] = i;
	}
	say("done verb=tsc");
}

static void run_echo(const struct request *q)
{
	say("done verb=echo value=%u", q->n[0]);
}

static const struct command commands[] = {
	{ "fill", "fill GPA SIZE SEED [PAGE]", 3, run_fill },
	{ "verify", "verify GPA SIZE SEED [PAGE]", 3, run_verify },
	{ "sum", "sum GPA SIZE [PAGE]", 2, run_sum },
	{ "read", "read GPA [PAGE]", 1, run_read },
	{ "write", "write GPA VALUE [PAGE]", 2, run_write },
	{ "out", "out GPA [PAGE]", 1, run_out },
	{ "random", "random GPA SIZE COUNT [PAGE]", 3, run_random },
	{ "watch", "watch GPA SIZE SEED [PAGE]", 3, run_watch },
	{ "both", "both GPA GPA", 2, run_both },
	{ "leave", "leave", 0, run_leave },
	{ "tally", "tally GPA SIZE", 2, run_tally },
	{ "tallied", "tallied", 0, run_tallied },
	{ "keep", "keep 0|1", 1, run_keep },
	{ "clear", "clear", 0, run_clear },
	{ "banks", "banks", 0, run_banks },
	{ "types", "types", 0, run_types },
	{ "nvdimm", "nvdimm", 0, run_nvdimm },
	{ "tsc", "tsc GPA COUNT [PAGE]", 2, run_tsc },
	{ "echo", "echo NUMBER", 1, run_echo },
	{ "poweroff", "poweroff", 0, run_poweroff },
	{ "reboot", "reboot", 0, run_reboot },
	{ "crash", "crash", 0, run_crash },
};

/* PAGE is one of 4k, 2m, 1g and may follow the numbers of any command. */
static bool parse(struct request *q, const struct command *c, char *line)
{
	char *word;

	q->verb = c->verb;
	q->page = 2 << 20;
	for (q->nr = 0; q->nr < c->numbers; q->nr++)
		if (!word_number(word_next(&line), &q->n[q->nr]))
			return false;
	word = word_next(&line);
	if (!word)
		return true;
	if (!word_number(word, &q->page) || word_next(&line))
		return false;
	return q->page == 1ull << 12 || q->page == 2ull << 20 ||
	       (q->page == 1ull << 30 && window_largest() == q->page);
}

void command_run(char *line)
{
	struct request q = { .nr = 0 };
	char *verb = word_next(&line);
	size_t i;

	if (!verb)
		return;
	for (i = 0; i < sizeof(commands) / sizeof(*commands); i++) {
		if (!word_is(verb, commands[i].verb))
			continue;
		if (parse(&q, &commands[i], line))
			commands[i].run(&q);
		else
			say("error usage: %s", commands[i].usage);
		return;
	}
	say("error unknown command %s", verb);
}
