// How many of the bits are 1, in about one full adder per bit: two halves are counted, and the last bit is the carry into their sum.
module bit_count #(
    parameter integer BITS    = 7,
    parameter integer COUNT_W = $clog2(BITS + 1)
) (
    input  wire [BITS-1:0]    bits,
    output wire [COUNT_W-1:0] count
);
    generate
        if (BITS == 1) begin : one
            assign count = bits;
        end else if (BITS == 2) begin : two
            assign count = {bits[1] & bits[0], bits[1] ^ bits[0]};
        end else begin : halves
            // The larger half has the most bits of its width, so that few adders see a constant.
            localparam integer HALF_W = COUNT_W - 1;
            localparam integer FULL   = (1 << HALF_W) - 1;
            localparam integer LEFT   = (BITS - 1 < FULL) ? BITS - 1 : FULL;
            localparam integer RIGHT  = BITS - 1 - LEFT;
            wire [HALF_W-1:0] left;
            bit_count #(.BITS(LEFT), .COUNT_W(HALF_W)) of_left (.bits(bits[LEFT-1:0]), .count(left));
            if (RIGHT == 0) begin : carry_only
                wire [HALF_W:0] carry;
                assign carry[0] = bits[BITS-1];
                genvar k;
                for (k = 0; k < HALF_W; k = k + 1) begin : add_bit
                    assign count[k]   = left[k] ^ carry[k];
                    assign carry[k+1] = left[k] & carry[k];
                end
                assign count[HALF_W] = carry[HALF_W];
            end else begin : sum
                localparam integer RIGHT_W = $clog2(RIGHT + 1);
                wire [RIGHT_W-1:0] right;
                wire [RIGHT_W:0]   low;
                bit_count #(.BITS(RIGHT), .COUNT_W(RIGHT_W)) of_right (.bits(bits[LEFT+:RIGHT]), .count(right));
                ripple_adder #(.WIDTH(RIGHT_W)) both (.a(left[RIGHT_W-1:0]), .b(right), .ci(bits[BITS-1]), .sum(low));
                assign count[RIGHT_W-1:0] = low[RIGHT_W-1:0];
                wire [HALF_W-RIGHT_W:0] carry;
                assign carry[0] = low[RIGHT_W];
                genvar k;
                for (k = RIGHT_W; k < HALF_W; k = k + 1) begin : add_carry
                    assign count[k]           = left[k] ^ carry[k-RIGHT_W];
                    assign carry[k-RIGHT_W+1] = left[k] & carry[k-RIGHT_W];
                end
                assign count[HALF_W] = carry[HALF_W-RIGHT_W];
            end
        end
    endgenerate
endmodule
