/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * verbs.c - the table of control verbs.
 */
#include "ctl.h"

#define END { 0 }
#define DOM { "DOM", ARG_TEXT, true, NULL, "a domain's name, UUID or number" }
#define GPA { "GPA", ARG_NUMBER, true, NULL, "guest physical address" }
#define SPA { "SPA", ARG_NUMBER, true, NULL, "system physical address" }
#define LEN { "LEN", ARG_NUMBER, true, NULL, "how many bytes" }
#define HEX { "BYTES", ARG_HEX, true, NULL, "bytes in hexadecimal, as 00ff7a" }
#define SEED { "--seed", ARG_NUMBER, false, NULL, "which pattern (default 1)" }
#define FROM { "--from", ARG_NUMBER, false, NULL, \
	       "go on where an answer's \"next\" says" }
#define ACTIONS "destroy|restart|preserve"

static const struct arg none[] = { END };
static const struct arg dom[] = { DOM, END };

static const struct arg domain_create_args[] = {
	{ "--name", ARG_TEXT, true, NULL, "its name" },
	{ "--uuid", ARG_UUID, false, NULL, "default: invented, as xl does" },
	{ "--type", ARG_WORD, false, "pvh|hvm|pv", "default pvh" },
	{ "--memory", ARG_NUMBER, false, NULL, "RAM (default 256M)" },
	{ "--vcpus", ARG_NUMBER, false, NULL, "default 1" },
	{ "--address-bits", ARG_NUMBER, false, NULL,
	  "width of guest physical addresses (default 46)" },
	{ "--domid", ARG_NUMBER, false, NULL, "default: the next" },
	{ "--no-hap", ARG_FLAG, false, NULL, "shadow paging" },
	{ "--paused", ARG_FLAG, false, NULL, "do not let it run yet" },
	{ "--mcip-sticks", ARG_FLAG, false, NULL,
	  "it handles no machine check until guest mce-clear" },
	{ "--on-poweroff", ARG_WORD, false, ACTIONS, "default destroy" },
	{ "--on-reboot", ARG_WORD, false, ACTIONS, "default restart" },
	{ "--on-crash", ARG_WORD, false, ACTIONS, "default destroy" },
	END
};
static const struct arg domain_shutdown_args[] = {
	DOM,
	{ "--reason", ARG_WORD, false, "poweroff|reboot|suspend|crash",
	  "default poweroff" },
	END
};
static const struct arg domain_destroy_args[] = {
	DOM,
	{ "--stepwise", ARG_FLAG, false, NULL,
	  "stay dying: only domain release takes it apart" },
	END
};
static const struct arg domain_release_args[] = {
	DOM,
	{ "STEPS", ARG_NUMBER, false, NULL, "default: all that is left" },
	END
};
static const struct arg domain_rename_args[] = {
	DOM, { "NAME", ARG_TEXT, true, NULL, "its new name" }, END
};
static const struct arg domain_occupy_args[] = {
	DOM, GPA, { "SIZE", ARG_NUMBER, true, NULL, "whole frames" }, END
};
static const struct arg domain_log_dirty_args[] = {
	DOM, { "ON_OFF", ARG_WORD, true, "on|off", "as for migration" }, END
};
static const struct arg p2m_args[] = { DOM, FROM, END };

static const struct arg guest_read_args[] = {
	DOM, GPA, { "LEN", ARG_NUMBER, false, NULL, "bytes (default 64)" }, END
};
static const struct arg guest_write_args[] = { DOM, GPA, HEX, END };
static const struct arg guest_fill_args[] = { DOM, GPA, LEN, SEED, FROM, END };
static const struct arg host_read_args[] = {
	SPA, { "LEN", ARG_NUMBER, false, NULL, "bytes (default 64)" }, END
};
static const struct arg host_write_args[] = { SPA, HEX, END };
static const struct arg host_fill_args[] = { SPA, LEN, SEED, FROM, END };

static const struct arg mce_args[] = {
	{ "--spa", ARG_NUMBER, false, NULL, "where, in the machine" },
	{ "--dom", ARG_TEXT, false, NULL, "or in this domain ..." },
	{ "--gpa", ARG_NUMBER, false, NULL, "... at this guest address" },
	{ "--kind", ARG_WORD, false, "srao|srar|ucna|cmci", "default srao" },
	{ "--status", ARG_NUMBER, false, NULL, "MCi_STATUS itself" },
	{ "--misc", ARG_NUMBER, false, NULL, "MCi_MISC itself" },
	{ "--mcg", ARG_NUMBER, false, NULL, "MCG_STATUS itself" },
	{ "--lsb", ARG_NUMBER, false, NULL,
	  "lowest valid address bit, in MISC (default 12)" },
	{ "--no-addr", ARG_FLAG, false, NULL, "the address is not valid" },
	{ "--in-guest", ARG_FLAG, false, NULL, "taken while a guest ran" },
	{ "--poison", ARG_FLAG, false, NULL, "poison the frame as well" },
	{ "--count", ARG_NUMBER, false, NULL, "so many reports (default 1)" },
	{ "--stride", ARG_NUMBER, false, NULL,
	  "bytes from one to the next (default 4096)" },
	FROM,
	END
};
static const struct arg poison_args[] = {
	SPA, { "LEN", ARG_NUMBER, false, NULL, "bytes (default 4096)" }, END
};

static const struct arg fault_add_args[] = {
	{ "--where", ARG_WORD, false, "op|alloc|table|vmce", "default op" },
	{ "--what", ARG_WORD, false,
	  "fail|fail-after|lie|drop-before|drop-after|hang",
	  "of an operation (default fail)" },
	{ "--op", ARG_TEXT, false, NULL, "which, as map (default any)" },
	{ "--nth", ARG_NUMBER, false, NULL, "the nth from now (default 1)" },
	{ "--times", ARG_NUMBER, false, NULL, "so often (default 1)" },
	{ "--error", ARG_NUMBER, false, NULL, "errno (default 5, EIO)" },
	END
};
static const struct arg fault_clear_args[] = {
	{ "ID", ARG_NUMBER, false, NULL, "default: all" }, END
};
static const struct arg clock_advance_args[] = {
	{ "MS", ARG_NUMBER, true, NULL, "milliseconds" }, END
};

const struct verb verbs[] = {
	{ "domain create", "start a guest", ctl_domain_create,
	  domain_create_args },
	{ "domain list", "all domains", ctl_domain_list, none },
	{ "domain show", "one domain, in full", ctl_domain_show, dom },
	{ "domain pause", "as xl pause", ctl_domain_pause, dom },
	{ "domain unpause", "as xl unpause", ctl_domain_unpause, dom },
	{ "domain shutdown", "the guest stops; the toolstack reacts",
	  ctl_domain_shutdown, domain_shutdown_args },
	{ "domain reboot", "the same as shutdown --reason reboot",
	  ctl_domain_reboot, dom },
	{ "domain destroy", "as xl destroy", ctl_domain_destroy,
	  domain_destroy_args },
	{ "domain release", "take a dying domain apart, step by step",
	  ctl_domain_release, domain_release_args },
	{ "domain rename", "as xl rename", ctl_domain_rename,
	  domain_rename_args },
	{ "domain occupy", "put a passed-through device into its addresses",
	  ctl_domain_occupy, domain_occupy_args },
	{ "domain log-dirty", "track its writes, as migration does",
	  ctl_domain_log_dirty, domain_log_dirty_args },
	{ "p2m", "what is mapped in a guest, by address and page order",
	  ctl_p2m, p2m_args },
	{ "guest read", "vCPU 0 loads", ctl_guest_read, guest_read_args },
	{ "guest write", "vCPU 0 stores", ctl_guest_write, guest_write_args },
	{ "guest fill", "vCPU 0 stores a pattern", ctl_guest_fill,
	  guest_fill_args },
	{ "guest check", "vCPU 0 loads, and compares with the pattern",
	  ctl_guest_check, guest_fill_args },
	{ "guest mce", "the machine checks that a guest was given",
	  ctl_guest_mce, dom },
	{ "guest mce-clear", "the guest has handled its machine check",
	  ctl_guest_mce_clear, dom },
	{ "host read", "the control domain reads pmem", ctl_host_read,
	  host_read_args },
	{ "host write", "the control domain writes pmem", ctl_host_write,
	  host_write_args },
	{ "host fill", "the control domain writes a pattern", ctl_host_fill,
	  host_fill_args },
	{ "host check", "the control domain compares with the pattern",
	  ctl_host_check, host_fill_args },
	{ "host reboot", "reset the machine: the DIMMs keep what they hold",
	  ctl_host_reboot, none },
	{ "mce", "the hardware reports a memory error", ctl_mce, mce_args },
	{ "poison set", "break media without a report: the next load finds it",
	  ctl_poison_set, poison_args },
	{ "poison clear", "repair media; it reads as zeroes", ctl_poison_clear,
	  poison_args },
	{ "fault add", "let something go wrong", ctl_fault_add,
	  fault_add_args },
	{ "fault list", "what is to go wrong, and did", ctl_fault_list, none },
	{ "fault clear", "nothing more is to go wrong", ctl_fault_clear,
	  fault_clear_args },
	{ "clock show", "the hypervisor's time", ctl_clock_show, none },
	{ "clock stop", "time stands still", ctl_clock_stop, none },
	{ "clock start", "time goes on", ctl_clock_start, none },
	{ "clock advance", "let time pass at once", ctl_clock_advance,
	  clock_advance_args },
	{ "stat", "counters", ctl_stat, none },
	{ "check", "look for broken invariants", ctl_check, none },
	{ "stop", "end the simulator", ctl_stop, none },
	{ 0 }
};
