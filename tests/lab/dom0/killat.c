/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * dom0/killat.c - end a program just before, or just after, its Nth nvdimm_op
 * of a kind.
 *
 * "Killed in the middle" by a clock is killed anywhere; this is killed there.
 */
#include "labtool.h"

#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <linux/ptrace.h>
#include <public/nvdimm.h>

/* include/uapi/xen/privcmd.h of Linux */
struct hypercall {
	uint64_t op, arg[5];
};
#define IOCTL_HYPERCALL _IOC(_IOC_NONE, 'P', 0, sizeof(struct hypercall))

/* Is the system call that @pid is about to make nvdimm_op's @cmd? */
static bool is_op(pid_t pid, uint64_t cmd)
{
	struct ptrace_syscall_info i = { 0 };
	struct hypercall h = { 0 };
	struct iovec here = { &h, sizeof(h) }, there = { .iov_len = sizeof(h) };

	if (ptrace((enum __ptrace_request)PTRACE_GET_SYSCALL_INFO, pid, sizeof(i), &i) <= 0 ||
	    i.op != PTRACE_SYSCALL_INFO_ENTRY || i.entry.nr != SYS_ioctl ||
	    i.entry.args[1] != IOCTL_HYPERCALL)
		return false;
	there.iov_base = (void *)i.entry.args[2];
	return process_vm_readv(pid, &here, 1, &there, 1, 0) == sizeof(h) &&
	       h.op == __HYPERVISOR_nvdimm_op && h.arg[0] == cmd;
}

/* Go on until the next system call begins or ends. */
static int next_stop(pid_t pid, int signal)
{
	int status;

	for (;; signal = WSTOPSIG(status)) {
		if (ptrace(PTRACE_SYSCALL, pid, 0, signal) || waitpid(pid, &status, __WALL) < 0)
			return failed("ptrace");
		if (!WIFSTOPPED(status)) {
			printf("it ended by itself\n");
			return 1;
		}
		if (WSTOPSIG(status) == (SIGTRAP | 0x80))
			return 0;
		if (status >> 16)
			status = 0;     /* an event, no signal for it */
	}
}

int do_kill_at(int argc, char **argv)
{
	pid_t pid = (pid_t)number(argv[0]);
	uint64_t cmd = number(argv[1]), n = number(argv[2]);
	bool after = !strcmp(argv[3], "after");
	int status;

	if (ptrace(PTRACE_SEIZE, pid, 0, PTRACE_O_TRACESYSGOOD) || ptrace(PTRACE_INTERRUPT, pid, 0, 0) ||
	    waitpid(pid, &status, __WALL) < 0)
		return failed("ptrace");
	printf("watching %d\n", (int)pid);
	do
		if (next_stop(pid, 0))
			return 1;
	while (!is_op(pid, cmd) || --n);
	if (after && next_stop(pid, 0))
		return 1;
	kill(pid, SIGKILL);
	while (waitpid(pid, &status, __WALL) > 0 && !WIFSIGNALED(status))
		;
	printf("killed\n");
	return 0;
}
