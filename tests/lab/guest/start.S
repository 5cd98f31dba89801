/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * guest/start.S - PVH entry, long mode, trap entries, and the hypercall page.
 *
 * Xen enters at start32 in 32-bit protected mode without paging, %ebx holding
 * the physical address of struct hvm_start_info (docs/misc/pvh.pandoc).
 */
#define __ASSEMBLY__
#include <xen/elfnote.h>

	.section .note, "a", @note
	.align 4
	.long 4, 4, XEN_ELFNOTE_PHYS32_ENTRY
	.asciz "Xen"
	.long start32

	.section .text.start, "ax"
	.code32
	.globl start32
start32:
	cld
	movl	$boot_stack_end, %esp
	movl	%ebx, %edi

	/* PML4[0] -> PDPT -> four page directories of 2 MiB pages: 4 GiB */
	movl	$(page_pdpt + 3), page_pml4
	movl	$(page_pd + 3), %eax
	xorl	%ecx, %ecx
1:	movl	%eax, page_pdpt(, %ecx, 8)
	addl	$4096, %eax
	incl	%ecx
	cmpl	$4, %ecx
	jne	1b

	movl	$0x83, %eax
	xorl	%ecx, %ecx
2:	movl	%eax, page_pd(, %ecx, 8)
	addl	$0x200000, %eax
	incl	%ecx
	cmpl	$2048, %ecx
	jne	2b

	movl	$page_pml4, %eax
	movl	%eax, %cr3
	movl	%cr4, %eax
	orl	$0x20, %eax		/* PAE */
	movl	%eax, %cr4
	movl	$0xc0000080, %ecx	/* EFER */
	rdmsr
	orl	$0x100, %eax		/* LME */
	wrmsr
	movl	%cr0, %eax
	andl	$0x9fffffff, %eax	/* CD, NW off: caches on */
	orl	$0x80010001, %eax	/* PG, WP, PE */
	movl	%eax, %cr0
	lgdt	gdt_pointer
	ljmp	$8, $start64

	.code64
start64:
	movl	$16, %eax
	movl	%eax, %ds
	movl	%eax, %es
	movl	%eax, %ss
	xorl	%eax, %eax
	movl	%eax, %fs
	movl	%eax, %gs
	movl	%edi, %edi
	call	guest_main
3:	hlt
	jmp	3b

/* vCPU 1 enters here in long mode, with the first one's page tables. */
	.globl second_start
second_start:
	lgdt	gdt_pointer
	pushq	$8
	pushq	$4f
	lretq
4:	movl	$16, %eax
	movl	%eax, %ds
	movl	%eax, %es
	movl	%eax, %ss
	call	second_main

	.text
/*
 * uint64_t access_read(const void *p, uint64_t *ret): 0, or 1 when a trap
 * taken on the load sent us to access_fixup.
 */
	.globl access_read, access_write, access_out, access_at, access_fixup
access_read:
access_at:
	movq	(%rdi), %rax
	movq	%rax, (%rsi)
	xorl	%eax, %eax
	ret
/* uint64_t access_write(void *p, uint64_t value): likewise. */
access_write:
	movq	%rsi, (%rdi)
	xorl	%eax, %eax
	ret
/* uint64_t access_out(const void *p): OUTSB to where nothing is; likewise. */
access_out:
	movq	%rdi, %rsi
	movl	$0x5000, %edx
	outsb
	xorl	%eax, %eax
	ret
access_fixup:
	movl	$1, %eax
	ret

/* One entry per vector: push what the CPU did not, then the number. */
	.globl trap_entries
	.align 16
trap_entries:
	.set	vector, 0
	.rept	32
	.align	16
	.if	(vector != 8) && ((vector < 10) || (vector > 14)) && (vector != 17) && (vector != 21)
	pushq	$0
	.endif
	pushq	$vector
	jmp	trap_common
	.set	vector, vector + 1
	.endr

trap_common:
	pushq	%rax
	pushq	%rcx
	pushq	%rdx
	pushq	%rsi
	pushq	%rdi
	pushq	%r8
	pushq	%r9
	pushq	%r10
	pushq	%r11
	pushq	%rbx
	pushq	%rbp
	pushq	%r12
	pushq	%r13
	pushq	%r14
	pushq	%r15
	cld
	movq	%rsp, %rdi
	movq	%rsp, %rbp
	andq	$-16, %rsp
	call	trap_handle
	movq	%rbp, %rsp
	popq	%r15
	popq	%r14
	popq	%r13
	popq	%r12
	popq	%rbp
	popq	%rbx
	popq	%r11
	popq	%r10
	popq	%r9
	popq	%r8
	popq	%rdi
	popq	%rsi
	popq	%rdx
	popq	%rcx
	popq	%rax
	addq	$16, %rsp
	iretq

	.section .rodata
	.align 8
gdt:
	.quad	0
	.quad	0x00af9b000000ffff	/* 8: code, 64 bit */
	.quad	0x00cf93000000ffff	/* 16: data */
gdt_pointer:
	.word	. - gdt - 1
	.quad	gdt

	.bss
	.globl hypercall_page, page_pml4
	.align 4096
hypercall_page:	.skip 4096
page_pml4:	.skip 4096
page_pdpt:	.skip 4096
page_pd:	.skip 4 * 4096
boot_stack:	.skip 32768
boot_stack_end:

	.section .note.GNU-stack, "", @progbits
