/* image.c - the compiled kernels, as bytes of this program. CUDA_IMAGE: the file's path. */
__asm__(".section .rodata\n"
        ".balign 64\n"
        ".globl cuda_image\n"
        "cuda_image:\n"
        ".incbin \"" CUDA_IMAGE "\"\n"
        ".byte 0\n"
        ".previous\n");
