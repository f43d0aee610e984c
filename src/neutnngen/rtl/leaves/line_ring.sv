// SLOTS input lines that take turns: their ages move around a ring and pass one head, where they count (rules S2, R1, R2).
//
// spike[s] rises in unit clock x of line s and stays high; slot says, one-hot, which line is at the head. age is 0 up to and including unit clock x,
// then counts 1, 2, … and stays at its largest value. A line that is still silent when the column has decided never starts to count, so
// that early (age is not 0) says x <= y for every finite x. remaining is the largest age minus age while the line drives the column, else 0.
// clear must be high for a whole unit clock.
module line_ring #(
    parameter integer SLOTS = 3,
    parameter integer AGE_W = 3
) (
    input  wire             clk,
    input  wire             clear,
    input  wire             decided,
    input  wire [SLOTS-1:0] slot,
    input  wire [SLOTS-1:0] spike,
    output wire [AGE_W-1:0] remaining,
    output wire             arrived,
    output wire             early
);
    reg  [SLOTS*AGE_W-1:0] ages;
    wire                   driving = arrived & ~decided;
    wire [AGE_W-1:0]       age  = ages[(SLOTS-1)*AGE_W+:AGE_W];
    wire                   more = (driving | early) & ~&age;
    wire [AGE_W-1:0]       next = {AGE_W{~clear}} & (age + AGE_W'(more));

    assign arrived   = |(spike & slot);
    assign early     = |age;
    assign remaining = ~age & {AGE_W{driving}};

    generate
        if (SLOTS == 1) begin : alone
            always @(posedge clk) ages <= next;
        end else begin : ring
            always @(posedge clk) ages <= {ages[(SLOTS-1)*AGE_W-1:0], next};
        end
    endgenerate
endmodule
