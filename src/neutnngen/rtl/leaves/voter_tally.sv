// Votes of all lines for every class, and the class with most of them, one-hot, the lowest index of equal ones; none without votes (rule R10).
module voter_tally #(
    parameter integer LINES   = 4,
    parameter integer CLASSES = 2,
    parameter integer COUNT_W = 3
) (
    input  wire [LINES*CLASSES-1:0]   ballots,
    output reg  [CLASSES*COUNT_W-1:0] votes,
    output reg  [CLASSES-1:0]         winner
);
    reg [COUNT_W-1:0] most;
    integer c, n;
    always @* begin
        votes = {CLASSES*COUNT_W{1'b0}};
        winner = {CLASSES{1'b0}};
        most = {COUNT_W{1'b0}};
        for (c = 0; c < CLASSES; c = c + 1) begin
            for (n = 0; n < LINES; n = n + 1) votes[c*COUNT_W+:COUNT_W] = votes[c*COUNT_W+:COUNT_W] + COUNT_W'(ballots[n*CLASSES+c]);
            if (votes[c*COUNT_W+:COUNT_W] > most) begin
                most = votes[c*COUNT_W+:COUNT_W];
                winner = {{(CLASSES-1){1'b0}}, 1'b1} << c;
            end
        end
    end
endmodule
