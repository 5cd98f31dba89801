/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * guest/pv.S - what xl takes for a PV kernel: a domain to be refused.
 *
 * The notes are those of docs/misc/pv.txt of old; it is created paused and
 * never runs.
 */
#define __ASSEMBLY__
#include <xen/elfnote.h>

.macro note type, kind:vararg
	.long	4, 9f - 8f, \type
	.asciz	"Xen"
8:	\kind
9:	.align	4
.endm

	.section .note, "a", @note
	.align 4
	note XEN_ELFNOTE_GUEST_OS, .asciz "none"
	note XEN_ELFNOTE_XEN_VERSION, .asciz "xen-3.0"
	note XEN_ELFNOTE_LOADER, .asciz "generic"
	note XEN_ELFNOTE_FEATURES, .asciz ""
	note XEN_ELFNOTE_VIRT_BASE, .quad 0
	note XEN_ELFNOTE_PADDR_OFFSET, .quad 0
	note XEN_ELFNOTE_ENTRY, .quad start32

	.section .text.start, "ax"
	.globl start32
start32:
	jmp	start32

	.section .note.GNU-stack, "", @progbits
