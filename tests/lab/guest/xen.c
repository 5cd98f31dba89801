/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* guest/xen.c - hypercalls, the PV console ring, the way out. */
#include "guest.h"

#include <xen/xen.h>
#include <xen/event_channel.h>
#include <xen/hvm/hvm_op.h>
#include <xen/hvm/hvm_vcpu.h>
#include <xen/hvm/params.h>
#include <xen/io/console.h>
#include <xen/memory.h>
#include <xen/sched.h>
#include <xen/vcpu.h>

extern uint8_t hypercall_page[4096];

static uint8_t shared_page[4096] __attribute__((aligned(4096)));
static struct xencons_interface *ring;
static evtchn_port_t ring_port;

#define mb() __asm__ volatile("mfence" : : : "memory")

long xen_hypercall(unsigned int nr, unsigned long a, unsigned long b, unsigned long c)
{
	long r;

	__asm__ volatile("call *%[page]"
			 : "=a"(r), "+D"(a), "+S"(b), "+d"(c)
			 : [page] "r"(hypercall_page + nr * 32)
			 : "memory", "rcx", "r8", "r9", "r10", "r11");
	return r;
}

uint64_t xen_param(uint32_t index)
{
	struct xen_hvm_param p = { .domid = DOMID_SELF, .index = index };

	if (xen_hypercall(__HYPERVISOR_hvm_op, HVMOP_get_param, (unsigned long)&p, 0))
		return 0;
	return p.value;
}

void xen_init(void)
{
	struct xen_add_to_physmap map = {
		.domid = DOMID_SELF,
		.space = XENMAPSPACE_shared_info,
		.gpfn = (unsigned long)shared_page >> 12,
	};
	uint32_t base, r[4];

	/* The leaves move by 0x100 when a viridian interface comes first. */
	for (base = 0x40000000; base < 0x40010000; base += 0x100) {
		cpu_cpuid(base, r);
		if (r[1] == 0x566e6558 && r[2] == 0x65584d4d)
			break;
	}
	cpu_cpuid(base + 2, r);
	cpu_wrmsr(r[1], (unsigned long)hypercall_page);

	if (xen_hypercall(__HYPERVISOR_memory_op, XENMEM_add_to_physmap, (unsigned long)&map, 0))
		return;
	ring = (void *)(xen_param(HVM_PARAM_CONSOLE_PFN) << 12);
	ring_port = (evtchn_port_t)xen_param(HVM_PARAM_CONSOLE_EVTCHN);
}

void xen_notify(evtchn_port_t port)
{
	struct evtchn_send send = { .port = port };

	xen_hypercall(__HYPERVISOR_event_channel_op, EVTCHNOP_send, (unsigned long)&send, 0);
}

static void ring_notify(void)
{
	xen_notify(ring_port);
}

void xen_wait(evtchn_port_t port)
{
	struct shared_info *shared = (void *)shared_page;
	struct sched_poll poll = { .nr_ports = 1 };

	set_xen_guest_handle(poll.ports, &port);
	xen_hypercall(__HYPERVISOR_sched_op, SCHEDOP_poll, (unsigned long)&poll, 0);
	__asm__ volatile("lock btr %1, %0"
			 : "+m"(shared->evtchn_pending[port / 64])
			 : "r"((uint64_t)port % 64) : "memory");
}

void xen_put(const char *s, size_t len)
{
	size_t i;

	xen_hypercall(__HYPERVISOR_console_io, CONSOLEIO_write, len, (unsigned long)s);
	if (!ring)
		return;
	for (i = 0; i < len; i++) {
		while (ring->out_prod - ring->out_cons >= sizeof(ring->out)) {
			ring_notify();
			xen_wait(ring_port);
		}
		ring->out[MASK_XENCONS_IDX(ring->out_prod, ring->out)] = s[i];
		mb();
		ring->out_prod++;
	}
	ring_notify();
}

size_t xen_get(char *buf, size_t len)
{
	size_t n = 0;

	if (!ring)
		xen_shutdown(SHUTDOWN_poweroff);
	if (ring->in_prod == ring->in_cons)
		xen_wait(ring_port);
	while (n < len && ring->in_cons != ring->in_prod) {
		mb();
		buf[n++] = ring->in[MASK_XENCONS_IDX(ring->in_cons, ring->in)];
		mb();
		ring->in_cons++;
	}
	if (n)
		ring_notify();
	return n;
}

bool xen_typed(void)
{
	return ring && ring->in_prod != ring->in_cons;
}

void xen_nap(void)
{
	xen_hypercall(__HYPERVISOR_sched_op, SCHEDOP_yield, 0, 0);
}

/* Long mode with the same page tables, and no GDT yet. */
long xen_start_second(void (*entry)(void))
{
	static uint8_t stack[16384] __attribute__((aligned(16)));
	static struct vcpu_hvm_context c;
	struct vcpu_hvm_x86_64 *r = &c.cpu_regs.x86_64;
	long e;

	c.mode = VCPU_HVM_MODE_64B;
	r->rip = (uint64_t)entry;
	r->rsp = (uint64_t)(stack + sizeof(stack));
	__asm__ volatile("mov %%cr0, %0" : "=r"(r->cr0));
	__asm__ volatile("mov %%cr3, %0" : "=r"(r->cr3));
	__asm__ volatile("mov %%cr4, %0" : "=r"(r->cr4));
	r->cr4 &= ~CR4_MCE;
	r->efer = cpu_rdmsr(0xc0000080);
	e = xen_hypercall(__HYPERVISOR_vcpu_op, VCPUOP_initialise, 1, (unsigned long)&c);
	return e ? e : xen_hypercall(__HYPERVISOR_vcpu_op, VCPUOP_up, 1, 0);
}

void xen_shutdown(unsigned int reason)
{
	struct sched_shutdown s = { .reason = reason };

	for (;;)
		xen_hypercall(__HYPERVISOR_sched_op, SCHEDOP_shutdown, (unsigned long)&s, 0);
}
