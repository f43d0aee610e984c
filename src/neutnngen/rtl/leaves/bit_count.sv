// How many of the bits are 1, in about one full adder per bit: two parts are counted, and the last bit is the carry into their sum.
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
        end else begin : parts
            // The larger part has the most bits of its width, so that few adders see a constant.
            localparam integer PART_W = COUNT_W - 1;
            localparam integer FULL   = (1 << PART_W) - 1;
            localparam integer LEFT   = (BITS - 1 < FULL) ? BITS - 1 : FULL;
            localparam integer RIGHT  = BITS - 1 - LEFT;
            wire [PART_W-1:0] left;
            bit_count #(.BITS(LEFT), .COUNT_W(PART_W)) of_left (.bits(bits[LEFT-1:0]), .count(left));
            if (RIGHT == 0) begin : increment
                adder #(.A_W(PART_W), .B_W(1), .CARRY(0)) plus_last (.a(left), .b(bits[BITS-1]), .ci(1'b0), .sum(count));
            end else begin : total
                localparam integer RIGHT_W = $clog2(RIGHT + 1);
                wire [RIGHT_W-1:0] right;
                bit_count #(.BITS(RIGHT), .COUNT_W(RIGHT_W)) of_right (.bits(bits[LEFT+:RIGHT]), .count(right));
                adder #(.A_W(PART_W), .B_W(RIGHT_W), .CARRY(1)) of_both (.a(left), .b(right), .ci(bits[BITS-1]), .sum(count));
            end
        end
    endgenerate
endmodule
