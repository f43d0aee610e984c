// Moves weights between bytes and the scan chain, one bit per clock at most, lowest bit of a byte first.
//
// A weight holds by itself while weight_shift is low, no line is high and no wave learns; so bits may come and go one at a time and wait as long as
// they must. Weights that circulate hold by moving on: they are where they were every TURN clocks, so bit n of the image moves in a clock whose number,
// counted from a wave's beginning, is n modulo TURN. TURN divides BITS and a wave; after a whole image waves begin at home again.
//
// loading: bytes enter at in_data and are shifted in. reading: the chain turns once around, and what comes out goes back in; bits of the last
// byte beyond BITS are 0. done is high in the last clock of either.
module chip_chain #(
    parameter integer BITS = 192,
    parameter integer TURN = 1
) (
    input  wire       clk,
    input  wire       rst,
    input  wire       loading,
    input  wire       reading,
    input  wire [7:0] in_data,
    input  wire       in_valid,
    output wire       in_ready,
    output wire [7:0] out_data,
    output wire       out_valid,
    input  wire       out_ready,
    output wire       done,
    output wire       weight_shift,
    output wire       weight_in,
    input  wire       weight_out
);
    localparam integer AT_W = $clog2(BITS + 1);

    reg [7:0]      data;
    reg [3:0]      fill;  // bits of data that wait: to go in, or to go out
    reg [AT_W-1:0] at;    // bits of the image that have moved

    wire aligned;
    wire all  = (at == AT_W'(BITS));
    wire full = fill[3];
    wire none = (fill == 4'd0);
    wire move = loading ? ~none : reading & ~full;

    assign weight_shift = move & ~all & aligned;
    assign weight_in    = loading ? data[0] : weight_out;
    assign in_ready     = loading & none & ~all;
    assign out_valid    = reading & full;
    assign out_data     = data;
    assign done         = all & (loading | (out_valid & out_ready));

    always @(posedge clk) begin
        if (rst | done | ~(loading | reading)) begin
            fill <= 4'd0;
            at   <= {AT_W{1'b0}};
        end else begin
            if (weight_shift) at <= at + 1'b1;
            if (in_valid & in_ready)                fill <= 4'd8;
            else if (out_valid & out_ready)         fill <= 4'd0;
            else if (loading & weight_shift)        fill <= fill - 1'b1;
            else if (move & (weight_shift | all))   fill <= fill + 1'b1;
        end
        if (in_valid & in_ready)                 data <= in_data;
        else if (weight_shift | (move & all))    data <= {weight_out & ~all, data[7:1]};
    end

    generate
        if (TURN == 1) begin : still
            assign aligned = 1'b1;
        end else begin : circulating
            localparam integer TURN_W = $clog2(TURN);
            localparam [TURN_W-1:0] LAST = TURN_W'(TURN - 1);
            reg [TURN_W-1:0] now, wanted;
            assign aligned = (now == wanted);
            always @(posedge clk) begin
                now <= (rst | (now == LAST)) ? {TURN_W{1'b0}} : now + 1'b1;
                if (~(loading | reading)) wanted <= {TURN_W{1'b0}};
                else if (weight_shift)    wanted <= (wanted == LAST) ? {TURN_W{1'b0}} : wanted + 1'b1;
            end
        end
    endgenerate
endmodule
