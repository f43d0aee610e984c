// One input line: a level that rises at unit clock x, and the clocks since then (rules S2, S3, R1, R2).
//
// age is 0 up to and including clock x, then counts 1, 2, … and stays at its largest value (AGE_W = weight bits for ramps, 1 for
// steps). A line that is still silent when the column has decided never starts to count, so that in the update clock
// early (age is not 0) says x <= y for every finite x without a register of its own.
// remaining is the largest age minus age while the spike drives the column, 0 otherwise: a weight w contributes while
// w > age, which is a carry out of w + remaining.
module spike_input #(
    parameter integer AGE_W = 3
) (
    input  wire             clk,
    input  wire             clear,
    input  wire             spike,
    input  wire             decided,
    output wire [AGE_W-1:0] remaining,
    output wire             early
);
    reg  [AGE_W-1:0] age;
    wire             driving = spike & ~decided;
    wire             more    = early ? ~&age : driving;

    assign early     = |age;
    assign remaining = {AGE_W{driving}} & ~age;

    always @(posedge clk) begin
        if (clear) age <= {AGE_W{1'b0}};
        else       age <= age + AGE_W'(more);
    end
endmodule
