// Spike times of the input lines, and the levels that they become in a wave (rule T2): a line is high from its unit clock to the wave's end.
//
// The bytes of a sample enter at the last line and move towards line 0, so that the first one ends there. 255 is no spike; others count by their
// low bits. bad: the byte is neither a time nor 255.
module chip_lines #(
    parameter integer LINES   = 16,
    parameter integer TIME_W  = 3,
    parameter integer COUNT_W = 4
) (
    input  wire               clk,
    input  wire               take,
    input  wire [7:0]         data,
    output wire               bad,
    input  wire               run,
    input  wire [COUNT_W-1:0] count,
    output wire [LINES-1:0]   level
);
    reg [LINES*(TIME_W+1)-1:0] times;  // of every line: its time, and above it whether there is none

    wire                none = &data;
    wire [TIME_W:0]     next = {none, data[TIME_W-1:0]};
    wire [COUNT_W+TIME_W-1:0] now = {{TIME_W{1'b0}}, count};

    genvar i;
    generate
        if (TIME_W < 8) begin : narrow
            assign bad = (|data[7:TIME_W]) & ~none;
        end else begin : wide
            assign bad = 1'b0;
        end
        for (i = 0; i < LINES; i = i + 1) begin : line
            wire [TIME_W-1:0] x = times[i*(TIME_W+1)+:TIME_W];
            assign level[i] = run & ~times[i*(TIME_W+1)+TIME_W] & (now >= {{COUNT_W{1'b0}}, x});
        end
        if (LINES == 1) begin : alone
            always @(posedge clk) if (take) times <= next;
        end else begin : several
            always @(posedge clk) if (take) times <= {next, times[LINES*(TIME_W+1)-1:TIME_W+1]};
        end
    endgenerate
endmodule
