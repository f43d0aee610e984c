// Times of the output lines as a wave shows them, and then as bytes: line 0 first, 255 where there is no spike (rule T2).
//
// A line rises one unit clock after that of its spike, so the last clock in which it is low is one of that unit clock. now: for every line the unit
// clock, counted from where its layer begins (rule T4).
module chip_times #(
    parameter integer LINES  = 4,
    parameter integer TIME_W = 4
) (
    input  wire                    clk,
    input  wire                    run,
    input  wire [LINES-1:0]        line,
    input  wire [LINES*TIME_W-1:0] now,
    input  wire                    next,
    output wire [7:0]              data
);
    localparam integer CELL_W = TIME_W + 1;

    reg  [LINES*CELL_W-1:0] cells;
    wire [LINES*CELL_W-1:0] seen;
    wire [LINES*CELL_W-1:0] moved;

    assign data = cells[TIME_W] ? 8'hff : 8'(cells[TIME_W-1:0]);

    genvar j;
    generate
        if (LINES == 1) begin : alone
            assign moved = {CELL_W{1'b0}};
        end else begin : several
            assign moved = {{CELL_W{1'b0}}, cells[LINES*CELL_W-1:CELL_W]};
        end
        for (j = 0; j < LINES; j = j + 1) begin : of_line
            assign seen[j*CELL_W+:CELL_W] = {~line[j], line[j] ? cells[j*CELL_W+:TIME_W] : now[j*TIME_W+:TIME_W]};
        end
    endgenerate

    always @(posedge clk) begin
        if (run)       cells <= seen;
        else if (next) cells <= moved;
    end
endmodule
