// Bits drawn one per clock (rule R7): bit `count` is value < its limit. Those with a limit of 0 or 1024 are constants; the others are a shift register,
// into which draws come in the order of their numbers.
module drawn_bits #(
    parameter integer             SIZE    = 13,
    parameter integer             COUNT_W = 4,
    parameter         [SIZE*11-1:0] LIMITS  = {(SIZE*11){1'b0}}
) (
    input  wire               clk,
    input  wire               draw,
    input  wire [COUNT_W-1:0] count,
    input  wire [9:0]         value,
    output wire [SIZE-1:0]    bits
);
    // Marks the bits that are no constants.
    function automatic [SIZE-1:0] drawn_of(input [SIZE*11-1:0] limits);
        integer n;
        for (n = 0; n < SIZE; n = n + 1) drawn_of[n] = (limits[n*11+:11] != 11'd0) && (limits[n*11+:11] != 11'd1024);
    endfunction
    // How many of the marked bits are below bit `end_bit`.
    function automatic integer rank_of(input [SIZE-1:0] marks, input integer end_bit);
        integer n;
        begin
            rank_of = 0;
            for (n = 0; n < end_bit; n = n + 1) if (marks[n]) rank_of = rank_of + 1;
        end
    endfunction
    localparam [SIZE-1:0] DRAWN  = drawn_of(LIMITS);
    localparam integer    STORED = rank_of(DRAWN, SIZE);
    localparam integer    WIDTH  = 1 << COUNT_W;  // every value of count has an entry

    wire [WIDTH-1:0] is_drawn = WIDTH'(DRAWN);
    reg  [9:0]       limit;
    integer          i;
    always @* begin
        limit = 10'd0;
        for (i = 0; i < SIZE; i = i + 1) if (DRAWN[i] && count == COUNT_W'(i)) limit = limit | LIMITS[i*11+:10];
    end

    localparam integer HOLD = (STORED > 0) ? STORED : 1;
    reg [HOLD-1:0] stored;

    genvar n;
    generate
        if (HOLD == 1) begin : one
            always @(posedge clk) if (draw & is_drawn[count]) stored <= (value < limit);
        end else begin : several
            always @(posedge clk) if (draw & is_drawn[count]) stored <= {value < limit, stored[HOLD-1:1]};
        end
        for (n = 0; n < SIZE; n = n + 1) begin : of_bit
            if (DRAWN[n]) begin : drawn
                assign bits[n] = stored[rank_of(DRAWN, n)];
            end else begin : constant
                assign bits[n] = LIMITS[n*11+10];
            end
        end
    endgenerate
endmodule
