/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* guest/second.c - vCPU 1, which does nothing but to read where it is told. */
#include "guest.h"

enum { IDLE, GO, DONE };

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
		if (state != GO) {
			xen_nap();
			continue;
		}
		trapped = access_read(where, &got);
		word = got;
		state = DONE;
	}
}

bool second_read(const volatile void *p)
{
	if (!started) {
		long r = xen_start_second(second_start);

		if (r) {
			say("second errno=%u", (uint64_t)-r);
			return false;
		}
		started = true;
	}
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
