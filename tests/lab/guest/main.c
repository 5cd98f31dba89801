/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* guest/main.c - do what the command line says, then what the console says. */
#include "guest.h"

#include <xen/arch-x86/hvm/start_info.h>

void guest_main(const struct hvm_start_info *info);

static char line[1024];

/* Commands on the command line are separated by semicolons. */
static void run_command_line(const char *s)
{
	size_t n = 0;

	for (;; s++) {
		if (*s && *s != ';') {
			if (n < sizeof(line) - 1)
				line[n++] = *s;
			continue;
		}
		line[n] = '\0';
		command_run(line);
		trap_report();
		n = 0;
		if (!*s)
			return;
	}
}

static void run_console(void)
{
	char in[64];
	size_t i, got, n = 0;

	for (;;) {
		got = xen_get(in, sizeof(in));
		trap_report();
		for (i = 0; i < got; i++) {
			if (in[i] != '\n' && in[i] != '\r') {
				if (n < sizeof(line) - 1)
					line[n++] = in[i];
				continue;
			}
			line[n] = '\0';
			n = 0;
			command_run(line);
			trap_report();
		}
	}
}

void guest_main(const struct hvm_start_info *info)
{
	trap_init();
	xen_init();
	say("ready cmdline=%s", info->cmdline_paddr ? (const char *)info->cmdline_paddr : "");
	if (info->cmdline_paddr)
		run_command_line((const char *)info->cmdline_paddr);
	say("idle");
	run_console();
}
