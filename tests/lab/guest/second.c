/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* guest/second.c - vCPU 1, which does nothing but to read where it is told, or to go. */
#include "guest.h"

enum { IDLE, GO, DONE, LEAVE };

static volatile unsigned int state;
static const volatile void *volatile where;
static volatile uint64_t trapped, word;
static bool started;

void second_start(void); /* in start.S; calls second_main() */
void second_main(void) __attribute__((noreturn));

void second_main(void)
{
	uint64_t got;

	trap_init_cpu();
	for (;;) {
		/* To Xen a CPU that halts with interrupts off has gone offline. */
		while (state == LEAVE)
			__asm__ volatile("hlt");
		if (state != GO) {
			xen_nap();
			continue;
		}
		trapped = access_read(where, &got);
		word = got;
		state = DONE;
	}
}

static bool start(void)
{
	long r = started ? 0 : xen_start_second(second_start);

	if (r)
		say("second errno=%u", (uint64_t)-r);
	started = !r;
	return started;
}

bool second_leave(void)
{
	if (!start())
		return false;
	state = LEAVE;
	return true;
}

bool second_read(const volatile void *p)
{
	if (!start())
		return false;
	where = p;
	__asm__ volatile("" : : : "memory");
	state = GO;
	return true;
}

uint64_t second_await(uint64_t *ret)
{
	while (state != DONE)
		xen_nap();
	state = IDLE;
	*ret = word;
	return trapped;
}
