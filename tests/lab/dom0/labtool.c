/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* dom0/labtool.c - one program, one verb per thing a case needs in Dom0. */
#include "labtool.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct verb {
	const char *name, *args;
	int min;
	labtool_fn *run;
} verbs[] = {
	{ "fill", "FILE OFFSET SIZE SEED", 4, do_fill },
	{ "verify", "FILE OFFSET SIZE SEED", 4, do_verify },
	{ "sum", "FILE OFFSET SIZE", 3, do_sum },
	{ "say", "TTY LOG SECONDS LINE", 4, do_say },
	{ "await", "LOG SECONDS TEXT", 3, do_await },
	{ "mca", "CPU MCG_STATUS BANK STATUS ADDR MISC", 6, do_mca },
	{ "info", "", 0, do_info },
	{ "register", "MFN NR", 2, do_register },
	{ "unregister", "MFN NR", 2, do_unregister },
	{ "arm", "MFN NR", 2, do_arm },
	{ "deadline", "MS", 1, do_deadline },
	{ "map", "DOMID UUID MFN GFN NR FLAGS [STEPS]", 6, do_map },
	{ "unmap", "MAP_ID [STEPS]", 1, do_unmap },
	{ "list", "regions|broken|extents|holds", 1, do_list },
	{ "break", "MFN NR [STATUS MCG MISC]", 2, do_break },
	{ "storm", "MFN NR [TIMES [STRIDE]]", 2, do_storm },
	{ "mend", "MFN NR", 2, do_mend },
	{ "events", "ACK_SEQ", 1, do_events },
	{ "resolve", "SEQ vmce-srao|vmce-srar|crash|resume", 2, do_resolve },
	{ "hold", "DOMID UUID 0|1", 3, do_hold },
	{ "scrub", "MFN NR", 2, do_scrub },
	{ "query", "DOMID GFN", 2, do_query },
	{ "virq", "SECONDS", 1, do_virq },
	{ "leaves", "DOMID GFN NR", 3, do_leaves },
	{ "make", "UUID MIB", 2, do_make },
	{ "end", "DOMID", 1, do_end },
	{ "heap", "", 0, do_heap },
	{ "pool", "DOMID MIB", 2, do_pool },
	{ "permit", "DOMID MFN NR 0|1", 4, do_permit },
	{ "mmio", "DOMID GFN MFN NR 0|1", 5, do_mmio },
	{ "faults", "DOMID SPA GPA STRIDE COUNT STATUS MCG MISC", 8, do_faults },
	{ "tsc", "SPA COUNT", 2, do_tsc },
	{ "kill-at", "PID CMD N before|after", 4, do_kill_at },
	{ "pin", "DOMID GFN SECONDS", 3, do_pin },
};

uint64_t number(const char *s)
{
	char *end;
	uint64_t n;

	errno = 0;
	n = strtoull(s, &end, 0);
	if (errno || end == s || *end) {
		fprintf(stderr, "labtool: '%s' is no number\n", s);
		exit(2);
	}
	return n;
}

int failed(const char *what)
{
	int e = errno;

	printf("%s: %s (%s)\n", what, strerror(e), strerrorname_np(e));
	return 1;
}

int main(int argc, char **argv)
{
	size_t i;

	setvbuf(stdout, NULL, _IOLBF, 0);
	for (i = 0; argc > 1 && i < sizeof(verbs) / sizeof(*verbs); i++)
		if (!strcmp(argv[1], verbs[i].name) && argc - 2 >= verbs[i].min)
			return verbs[i].run(argc - 2, argv + 2);
	for (i = 0; i < sizeof(verbs) / sizeof(*verbs); i++)
		fprintf(stderr, "labtool %s %s\n", verbs[i].name, verbs[i].args);
	return 2;
}
