// One neuron: the potential and its threshold (rules G1, A1).
//
// level is the potential V(t) of the current clock, which includes the contributions of this clock; fire says V(t) >= THRESHOLD.
// POTENTIAL_W is wide enough for all weights at their largest, so level never overflows.
//
// Potential and contributions are added in one tree of full adders, column by column: column k holds the bits of weight 2^k,
// that is bit k of the potential, bit k of every contribution and the carries of column k-1. Its adders take three bits from the
// front of the column's queue and put their sum at its end, until one bit is left, which is bit k of level; an even
// queue ends with a half adder. The first bits queued are the first ready, so the tree is balanced by itself.
module neuron #(
    parameter integer TERMS       = 8,
    parameter integer TERM_W      = 1,
    parameter integer POTENTIAL_W = 6,
    parameter integer THRESHOLD   = 12
) (
    input  wire                    clk,
    input  wire                    clear,
    input  wire [TERMS*TERM_W-1:0] contributions,
    output wire [POTENTIAL_W-1:0]  level,
    output wire                    fire
);
    // Bits that column k has to add: a queue of n bits takes (n - 1) / 2 full adders, and gives n / 2 carries in all.
    function integer bits_in(input integer k);
        integer c;
        begin
            bits_in = 0;
            for (c = 0; c <= k; c = c + 1) bits_in = bits_in / 2 + 1 + ((c < TERM_W) ? TERMS : 0);
        end
    endfunction

    reg [POTENTIAL_W-1:0] potential;

    genvar k, i;
    generate
        for (k = 0; k < POTENTIAL_W; k = k + 1) begin : column
            localparam integer BITS   = bits_in(k);
            localparam integer ADDERS = (BITS - 1) / 2;
            localparam integer OWN    = (k < TERM_W) ? TERMS : 0;
            wire [BITS+ADDERS-1:0] queue;
            wire [BITS/2-1:0]      carries;

            for (i = 0; i < OWN; i = i + 1) begin : term
                assign queue[i] = contributions[i*TERM_W+k];
            end
            assign queue[OWN] = potential[k];
            if (k > 0) begin : carry_in
                assign queue[BITS-1:OWN+1] = column[k-1].carries[BITS-OWN-2:0];
            end
            for (i = 0; i < ADDERS; i = i + 1) begin : add
                full_adder adder (
                    .a(queue[3*i]), .b(queue[3*i+1]), .c(queue[3*i+2]), .sum(queue[BITS+i]), .carry(carries[i])
                );
            end
            if (BITS % 2 == 0) begin : pair
                half_adder adder (
                    .a(queue[BITS+ADDERS-2]), .b(queue[BITS+ADDERS-1]), .sum(level[k]), .carry(carries[ADDERS])
                );
            end else begin : single
                assign level[k] = queue[BITS+ADDERS-1];
            end
            if (k == POTENTIAL_W - 1) begin : top
                wire unused = &{1'b0, carries};  // 0 by the width of the potential (A1)
            end
        end
    endgenerate

    assign fire = (level >= POTENTIAL_W'(THRESHOLD));

    always @(posedge clk) begin
        if (clear) potential <= {POTENTIAL_W{1'b0}};
        else       potential <= level;
    end
endmodule
