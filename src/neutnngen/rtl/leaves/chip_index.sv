// Which of several lines is high, as a number of BYTES bytes; all ones where none is, or more than one.
module chip_index #(
    parameter integer LINES = 4,
    parameter integer BYTES = 1
) (
    input  wire [LINES-1:0]   line,
    output reg  [8*BYTES-1:0] number
);
    reg one, more;
    integer j;
    always @* begin
        number = {8*BYTES{1'b0}};
        one    = 1'b0;
        more   = 1'b0;
        for (j = 0; j < LINES; j = j + 1) begin
            if (line[j]) number = number | (8*BYTES)'(j);
            more = more | (one & line[j]);
            one  = one | line[j];
        end
        if (more | ~one) number = {8*BYTES{1'b1}};
    end
endmodule
